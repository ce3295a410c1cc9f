//! Tests that the judge finds nothing wrong with the correct system in storms that it once
//! misjudged, over any link. The title of each file names the mistake.

use std::fs;
use std::path::Path;

use delivery_lab::message::Contender;
use delivery_lab::scenario::Scenario;
use delivery_lab::search::{self, Aim};

#[test]
fn no_correct_machine_is_called_wrong() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judge/false_positives");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 10, "the storms are not there");
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let mut scenario = Scenario::load(name, &text).unwrap_or_else(|bad| panic!("{bad:?}"));
        let own = scenario.seed;
        for contender in Contender::all() {
            for seed in [own, 1, 2] {
                scenario.seed = seed;
                let tried = search::attempt(&scenario, contender).unwrap();
                let found = search::find(&tried.row, Aim::Wrong);
                assert_eq!(found, None, "{name}, {contender}, seed {seed}");
            }
        }
    }
}
