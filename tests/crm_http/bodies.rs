//! Bodies that are not what they should be: another encoding, half a character, a number without an end, ids that lead away.

use concord::crm::{Coverage, CrmError, Reader, Shape};
use concord::record::{CliengoId, Field, GhlId, Kind, RemoteId};
use serde_json::json;

use crate::server::{Kept, Reply, Server, forms, ok, text};

fn unavailable<T: std::fmt::Debug>(answer: Result<T, CrmError>) -> String {
    match answer {
        Err(CrmError::Unavailable { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn bytes_of_another_encoding_become_no_names() {
    let latin = b"{\"id\":\"acc\",\"name\":\"Jos\xe9\"}".to_vec();
    let utf16: Vec<u8> = "{\"id\":\"acc\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [vec![0xff, 0xfe], utf16.clone()].concat();
    for (charset, bytes) in [("iso-8859-1", latin.clone()), ("utf-8", latin), ("utf-16", utf16), ("utf-16", marked)] {
        let kind = format!("application/json; charset={charset}");
        let server = Server::replying(vec![Reply::Bytes(vec![("content-type", kind)], bytes)]).await;
        assert_eq!(unavailable(server.cliengo(|_| {}).account().await), "its answer is not in UTF-8");
        assert_eq!(server.seen().len(), 1, "asking again would not change it");
    }
}

#[tokio::test]
async fn a_byte_order_mark_is_no_part_of_the_answer() {
    let server = Server::replying(vec![text(200, "\u{feff}{\"id\":\"acc\",\"name\":\"José\"}")]).await;
    assert_eq!(server.cliengo(|_| {}).account().await.unwrap().name, "José");
}

#[tokio::test]
async fn half_a_character_and_a_number_without_an_end_hold_no_listing_up() {
    let row = |id: &str, more: &str| format!(r#"{{"id":"{id}","creationDate":"2026-01-01T00:00:00Z",{more}}}"#);
    let rows = [
        row("c1", r#""name":"Eva \ud83d R\u00edos""#),
        row("c2", &format!(r#""name":"Max","score":{}"#, "9".repeat(400_000))),
        row("c3", r#""name":"Sol","score":1e999"#),
    ];
    let body = format!(r#"{{"results":[{}],"paging":{{"total":3}}}}"#, rows.join(","));
    let server = Server::replying(vec![text(200, &body)]).await;
    let (cliengo, kept) = (server.cliengo(|_| {}), Kept::new());
    let listed = cliengo.list_contacts(&kept).await.unwrap();
    assert!(matches!(listed.coverage, Coverage::Complete(_)), "{listed:?}");
    let names: Vec<_> = kept.0.lock().unwrap().values().map(|raw| name_of(&cliengo, &raw.payload)).collect();
    assert_eq!(names, ["Eva \u{fffd} Ríos", "Max", "Sol"]);
}

fn name_of(cliengo: &concord::crm::cliengo::Cliengo, payload: &str) -> String {
    let record = cliengo.parse(Kind::Contact, payload, Shape::Listed, &forms()).unwrap();
    record.get(&Field::Name).unwrap().shown()
}

#[tokio::test]
async fn an_id_that_leads_elsewhere_is_asked_nothing_about() {
    let server = Server::replying(vec![ok(json!([]))]).await;
    let (cliengo, ghl) = (server.cliengo(|_| {}), server.ghl(|_| {}));
    let long = "a".repeat(10_000);
    for id in ["../account", "..", "64aa?api_key=x", "..%2f..%2faccount", "a/b", "a\nb", "a b", &long] {
        let (on_cliengo, on_ghl) = (CliengoId::new(id), GhlId::new(id));
        for kind in [Kind::Note, Kind::Task] {
            cliengo.under(kind, &on_cliengo).await.unwrap_err();
            ghl.under(kind, &on_ghl).await.unwrap_err();
        }
        cliengo.look_up(Kind::Contact, &on_cliengo, None).await.unwrap_err();
        ghl.look_up(Kind::Contact, &on_ghl, None).await.unwrap_err();
        let row = json!({ "id": id, "name": "Ana", "firstName": "Ana" }).to_string();
        cliengo.parse(Kind::Contact, &row, Shape::Listed, &forms()).unwrap_err();
        ghl.parse(Kind::Contact, &row, Shape::Listed, &forms()).unwrap_err();
    }
    assert!(server.seen().is_empty(), "{:?}", server.lines());
}
