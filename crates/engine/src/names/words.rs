//! Words for default names, chosen by us: how things are at a harbour, and
//! people who worked with ships, sea, stars, numbers and machines.

/// First halves.
pub(super) const ADJECTIVES: &[&str] = &[
    "afloat", "agile", "amber", "anchored", "autumn", "balanced", "blithe", "brave", "breezy",
    "bright", "brisk", "calm", "candid", "careful", "cheerful", "clear", "coastal", "copper",
    "cosy", "curious", "daring", "deft", "eager", "early", "earnest", "fair", "faithful", "fleet",
    "fluent", "fond", "frank", "fresh", "gallant", "generous", "gentle", "glad", "golden",
    "graceful", "hardy", "hearty", "helpful", "honest", "hopeful", "humble", "jaunty", "jolly",
    "keen", "kind", "light", "lively", "loyal", "lucid", "lucky", "mellow", "merry", "mild",
    "modest", "neat", "nimble", "noble", "northern", "patient", "placid", "plucky", "polite",
    "proud", "prudent", "quick", "quiet", "ready", "restful", "robust", "sage", "salty", "serene",
    "sharp", "shining", "silver", "sincere", "smooth", "snug", "sober", "southern", "spry",
    "stable", "steady", "sturdy", "sunny", "sure", "swift", "tidal", "tidy", "tranquil", "trim",
    "trusty", "upbeat", "vivid", "warm", "wise", "witty",
];

/// Second halves.
pub(super) const SURNAMES: &[&str] = &[
    "amundsen", "anning", "archimedes", "baret", "barents", "bazalgette", "beaufort", "bering",
    "bessel", "bligh", "bowditch", "brahe", "brunel", "cabot", "caird", "carson", "cassini",
    "chappe", "clairaut", "cousteau", "cunitz", "dampier", "darling", "eratosthenes", "euler",
    "fitzroy", "flinders", "foucault", "fresnel", "fulton", "galois", "gauss", "germain",
    "gerritsz", "halley", "harrison", "henson", "herschel", "hipparchus", "humboldt", "huygens",
    "hypatia", "ibn_battuta", "jansz", "kepler", "kovalevskaya", "lagrange", "laplace", "laskarina",
    "laplante", "leavitt", "lehmann", "lovelace", "magellan", "marconi", "marsili", "maury",
    "mercator", "mitchell", "nansen", "napier", "nightingale", "noether", "ohlin", "oldenburg",
    "ortelius", "papin", "parsons", "payne", "pearse", "piccard", "plimsoll", "ptolemy", "pytheas",
    "ressel", "ross", "sadler", "sextus", "shackleton", "slocum", "somerville", "stevenson",
    "stevin", "stommel", "tasman", "tharp", "torricelli", "tupaia", "turing", "varenius",
    "vespucci", "watt", "wegener", "wilkins", "zacuto", "zhenghe",
];
