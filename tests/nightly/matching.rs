//! The measure of matching (`examples/matching`), on a part of its set.

#[path = "../../examples/matching/measure.rs"]
mod measure;
#[path = "../../examples/matching/people.rs"]
pub mod people;

#[test]
fn nobody_is_linked_to_a_stranger_and_of_one_person_with_a_key_nearly_all_are_linked() {
    for seed in [1, 2] {
        let pairs = people::draw(seed, 12);
        let measure = measure::measure(&pairs).unwrap();
        assert!(measure.wrong.is_empty(), "seed {seed}: {:#?}", measure.wrong);
        assert!(measure.recall() >= 0.98, "seed {seed}: {} of {:#?}", measure.recall(), measure.missed);
        assert!(measure.keys.values().all(|(right, _)| *right > 0) && measure.classes.len() == 17);
    }
}
