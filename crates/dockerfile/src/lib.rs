//! The language of Dockerfiles, as Docker's classic builder understands it, and
//! of `.dockerignore`. Pure: text in, instructions out.
