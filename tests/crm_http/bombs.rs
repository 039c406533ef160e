//! A small answer that unpacks to a large one.

use std::io::Write;

use concord::crm::{CrmError, Outcome, Reader, Writer};
use concord::record::{Method, Request};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::server::{ALWAYS, Reply, Server};

const MIB: usize = 1 << 20;

/// So many mebibytes of blanks, a thousandth of it on the wire.
fn bomb(mebibytes: usize) -> Reply {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let blanks = vec![b' '; MIB];
    for _ in 0..mebibytes {
        packed.write_all(&blanks).unwrap();
    }
    let bytes = packed.finish().unwrap();
    assert!(bytes.len() < MIB);
    Reply::Bytes(vec![("content-encoding", "gzip".to_owned())], bytes)
}

#[tokio::test]
async fn a_small_answer_that_unpacks_to_a_large_one_is_read_up_to_its_bound_and_is_no_answer() {
    let server = Server::replying(vec![bomb(80)]).await;
    for answer in [server.ghl(|_| {}).account().await, server.cliengo(|_| {}).account().await] {
        let Err(CrmError::Unavailable { message, .. }) = answer else { panic!("{answer:?}") };
        assert_eq!(message, "its answer is larger than 64 MiB");
    }
    let body = json!({ "firstName": "Ana", "locationId": "Loc1" });
    match server.ghl(|_| {}).send(&Request::new(Method::Post, "/contacts/").with_body(body), ALWAYS).await {
        Outcome::Unknown(why) => assert_eq!(why, "its answer is larger than 64 MiB"),
        other => panic!("{other:?}"),
    }
}
