//! Tags that a CRM stores in another form than they were sent. (`semantics` 41)

use concord::record::Side;
use serde_json::{Value, json};

use crate::house::{House, Plot};

/// What a CRM makes of a tag: at most a hundred characters, and a question mark for an emoji.
fn stored(tag: &str) -> String {
    tag.trim().chars().map(|c| if u32::from(c) > 0xffff { '?' } else { c }).take(100).collect()
}

/// Every answer of that CRM shows its tags as it stored them.
fn as_stored(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                match inner.as_array_mut().filter(|_| name == "tags") {
                    Some(tags) => {
                        for tag in tags {
                            if let Some(text) = tag.as_str() {
                                *tag = json!(stored(text));
                            }
                        }
                    }
                    None => as_stored(inner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(as_stored),
        _ => {}
    }
}

#[tokio::test]
async fn a_tag_that_is_stored_cut_or_with_marks_never_comes_back_as_another_one() {
    for source in Side::BOTH {
        let mut house = House::build(&Plot::extended()).await;
        let (long, marked) = (house.person(1), house.person(2));
        house.good_night().await;
        let rewrite = |_: &str, mut answer: Value| {
            as_stored(&mut answer);
            Ok(answer)
        };
        let target = house.urls.of_mut(source.other());
        *target = crate::proxy::before(&target.clone(), std::sync::Arc::new(rewrite)).await;
        let tags = ["cliente muy importante ".repeat(6).trim().to_owned(), "vip 🔥".to_owned()];
        for (person, tag) in [&long, &marked].into_iter().zip(&tags) {
            house.change(source, person, &json!({ "tags": [tag] }));
        }
        house.night().await;
        for _ in 0..2 {
            house.night().await;
            assert_eq!(house.sent(), [""; 0], "{source}");
        }
        for (person, tag) in [&long, &marked].into_iter().zip(&tags) {
            assert_eq!(house.row(source, person)["tags"], json!([tag]), "{source}");
            assert_eq!(house.row(source.other(), person)["tags"].as_array().map(Vec::len), Some(1), "{source}");
        }
    }
}
