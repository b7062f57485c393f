//! Paths into JSON: `.Names[0]`, `.[].Id` (any element), `.` (all of it).

use serde_json::Value;

/// The values at a path; several where it says `[]`, none where it leads
/// nowhere.
pub(super) fn find<'v>(value: &'v Value, path: &str) -> Vec<&'v Value> {
    let mut found = vec![value];
    let path = path.replace('[', ".[");
    for part in path.split('.').filter(|p| !p.is_empty()) {
        found = match part.strip_prefix('[').and_then(|p| p.strip_suffix(']')) {
            Some("") => found
                .into_iter()
                .flat_map(|v| v.as_array().into_iter().flatten())
                .collect(),
            Some(index) => {
                let index: usize = index.parse().unwrap_or(usize::MAX);
                found.into_iter().filter_map(|v| v.get(index)).collect()
            }
            None => found.into_iter().filter_map(|v| v.get(part)).collect(),
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn walks_objects_and_lists() {
        let value = json!([{"A": [1, 2]}, {"A": [3]}]);
        assert_eq!(find(&value, ".[].A[0]"), [&json!(1), &json!(3)]);
        assert_eq!(find(&value, ".[1].A"), [&json!([3])]);
        assert_eq!(find(&value, "."), [&value]);
        assert!(find(&value, ".B").is_empty());
    }
}
