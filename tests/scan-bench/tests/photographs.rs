//! Photographs of codes, at each quarter turn. They are not part of the project:
//! `COUNTERSIGN_PHOTOS` names their folder.

use countersign::qr::scan::{Image, thorough};
use countersign_scan_bench::files::{photographs, photographs_folder};

/// Of 78; zxing-cpp 3.1 reads 71.
const AT_LEAST: usize = 76;

#[test]
fn nearly_every_photograph_is_read_at_every_quarter_turn_and_none_wrongly() {
    let Some(folder) = photographs_folder() else {
        println!(
            "SKIPPED: no photographs; set COUNTERSIGN_PHOTOS to a folder of pictures, each with its text in a .txt file"
        );
        return;
    };
    let all = photographs(&folder).unwrap();
    let plain = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    for quarters in 0..4 {
        let mut missed = Vec::new();
        for photograph in &all {
            let turned = photograph.image.turned(quarters);
            let image =
                Image::grey(&turned.pixels, turned.width, turned.height, turned.width).unwrap();
            let texts: Vec<String> = thorough(image)
                .iter()
                .filter_map(|c| c.text.as_deref().map(plain))
                .collect();
            if texts.is_empty() {
                missed.push(&photograph.name);
            } else {
                assert!(
                    texts.contains(&plain(&photograph.text)),
                    "{} at {quarters} quarters: {texts:?}",
                    photograph.name
                );
            }
        }
        println!(
            "{} of {} at {}°, not {missed:?}",
            all.len() - missed.len(),
            all.len(),
            90 * quarters
        );
        if all.len() == 78 {
            assert!(
                all.len() - missed.len() >= AT_LEAST,
                "at {}° not {missed:?}",
                90 * quarters
            );
        }
    }
}
