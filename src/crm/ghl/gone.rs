//! What GHL says of a record that is gone (`GHL API notes, 4 and 10`).

use crate::crm::answer::No;
use crate::crm::gone::absences;
use crate::record::{Kind, Request};

/// Whether a refusal says that this very record was not found, in any of GHL's wordings, and says nothing else. An empty 404,
/// one that a gateway wrote, or one about another id is no evidence. (I20)
pub(super) fn says_gone(no: &No, kind: Kind, id: &str) -> bool {
    let told = absences(&no.body, &[kind.as_str()], id);
    matches!(no.status, 400 | 404) && told.iter().any(|absence| absence.names_kind && absence.names_id)
}

/// Whether a refusal says that what a request was for, or its contact, is gone.
pub(super) fn ends(request: &Request, no: &No) -> bool {
    let ids = request.path.split(['/', '?']).skip(2).filter(|segment| !segment.is_empty());
    ids.into_iter().any(|id| Kind::ALL.into_iter().any(|kind| says_gone(no, kind, id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone(status: u16, body: &str) -> bool {
        says_gone(&No { status, body: body.to_owned() }, Kind::Contact, "zS6nxeLZCrjupj11KrG7")
    }

    #[test]
    fn every_wording_that_names_the_very_id_as_not_found_means_gone() {
        for body in [
            r#"{"error":"Contact with id zS6nxeLZCrjupj11KrG7 not found","status":400}"#,
            r#"{"statusCode":400,"message":"Contact not found for id:zS6nxeLZCrjupj11KrG7"}"#,
            r#"{"message":["contact 'zS6nxeLZCrjupj11KrG7' Not Found."],"error":"Bad Request"}"#,
            r#"{"message":"No such record","error":"Not found: contact \"zS6nxeLZCrjupj11KrG7\""}"#,
            r#"{"message":"The contact (id=zS6nxeLZCrjupj11KrG7) does not exist"}"#,
        ] {
            assert!(gone(400, body) && gone(404, body), "{body}");
            assert!(!gone(403, body) && !gone(422, body), "{body}");
        }
    }

    #[test]
    fn what_a_gateway_says_and_what_is_said_of_another_record_means_nothing() {
        for body in [
            "",
            "<html><body><h1>404 Not Found</h1></body></html>",
            r#"{"message":"no Route matched with those values"}"#,
            r#"{"error":"not_found","path":"/contacts"}"#,
            r#"{"message":"Not Found"}"#,
            r#"{"message":"Contact not found"}"#,
            r#"{"message":"Contact with id OTHER0000000000000000 not found"}"#,
            r#"{"message":"Contact with id zs6nxelzcrjupj11krg7 not found"}"#,
            r#"{"message":"Task with id zS6nxeLZCrjupj11KrG7 not found"}"#,
            r#"{"message":"Cannot GET /contacts/zS6nxeLZCrjupj11KrG7","error":"Not Found","statusCode":404}"#,
            r#"{"message":"Route GET:/contact/zS6nxeLZCrjupj11KrG7 not found","error":"Contact"}"#,
            r#"{"message":"Contact with id zS6nxeLZCrjupj11KrG7 cannot be read"}"#,
            "Contact with id zS6nxeLZCrjupj11KrG7 not found",
            r#"{"message":"No permission: contact zS6nxeLZCrjupj11KrG7 not found for this user role"}"#,
            r#"{"message":"User not found for contact zS6nxeLZCrjupj11KrG7"}"#,
            r#"{"error":"token not found while reading Contact with id zS6nxeLZCrjupj11KrG7"}"#,
            r#"{"message":"Contact with id zS6nxeLZCrjupj11KrG7 could not be loaded: database not found"}"#,
            r#"{"message":"Contact with id zS6nxeLZCrjupj11KrG7 not found in index"}"#,
        ] {
            assert!(!gone(400, body) && !gone(404, body), "{body}");
        }
    }
}
