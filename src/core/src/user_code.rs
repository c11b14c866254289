// SPDX-License-Identifier: GPL-3.0-or-later
//! How a code that a person types on another device is written and spelled, and how long it is good. Pure.

/// The characters of a group.
const GROUP: usize = 4;
/// The marks that servers put between groups of their own.
const MARKS: [char; 2] = ['-', ' '];

/// A code in groups that are easy to type: those of the server where it has made some, else groups of four.
pub fn grouped(code: &str) -> String {
    groups(code).join(if code.contains('-') { "-" } else { " " })
}

/// A code letter by letter, with a pause after each group, for a screen reader.
pub fn spelled(code: &str) -> String {
    let letters = |group: String| group.chars().map(String::from).collect::<Vec<_>>().join(" ");
    groups(code).into_iter().map(letters).collect::<Vec<_>>().join(", ")
}

fn groups(code: &str) -> Vec<String> {
    let code = code.trim();
    if code.contains(MARKS) {
        return code.split(MARKS).filter(|group| !group.is_empty()).map(str::to_owned).collect();
    }
    let letters: Vec<_> = code.chars().collect();
    letters.chunks(GROUP).map(|group| group.iter().collect()).collect()
}

/// For how many minutes a code that ends at `ends` is still good; a minute that has begun counts.
pub fn minutes_left(ends: i64, now: i64) -> usize {
    usize::try_from(ends.saturating_sub(now).max(0)).unwrap_or(0).div_ceil(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_comes_in_the_servers_groups_or_in_groups_of_four() {
        for (code, shown, said) in [
            ("WDJB-MJHT", "WDJB-MJHT", "W D J B, M J H T"),
            ("123 456 789", "123 456 789", "1 2 3, 4 5 6, 7 8 9"),
            ("WDJBMJHT", "WDJB MJHT", "W D J B, M J H T"),
            ("ABCDE", "ABCD E", "A B C D, E"),
            (" abc ", "abc", "a b c"),
            ("-ÄÖ--Ü-", "ÄÖ-Ü", "Ä Ö, Ü"),
            ("", "", ""),
        ] {
            assert_eq!((grouped(code).as_str(), spelled(code).as_str()), (shown, said), "{code:?}");
        }
    }

    #[test]
    fn a_minute_that_has_begun_counts() {
        for (ends, minutes) in [(640, 9), (541, 8), (540, 8), (101, 1), (100, 0), (0, 0), (i64::MIN, 0)] {
            assert_eq!(minutes_left(ends, 100), minutes, "{ends}");
        }
    }
}
