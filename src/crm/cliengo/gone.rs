//! What Cliengo says of a contact that is gone (`Cliengo API notes, 2.5`). Nothing public documents its words, so they
//! count only together with a contact that is listed and answers to its id (`semantics` 55).

use crate::crm::answer::No;
use crate::crm::gone::absences;
use crate::crm::row::Row;
use crate::record::Request;

/// What Cliengo's people call a contact.
const CONTACT: [&str; 5] = ["contact", "contacto", "lead", "client", "cliente"];

/// Below a contact: in its own words or in the account's language.
const CHILD: [&str; 4] = ["note", "task", "nota", "tarea"];

/// Whether a refusal says that the contact is gone, and nothing else: a 404 or 410 in Cliengo's own shape, an object with a
/// message about a contact. What only says that nothing is there may come from any server; a 410 says by itself that
/// something was.
pub(super) fn says_gone(no: &No, id: &str) -> bool {
    let told = absences(&no.body, &CONTACT, id);
    match no.status {
        404 => told.iter().any(|absence| absence.names_kind || absence.names_id),
        410 => !told.is_empty(),
        _ => false,
    }
}

/// Whether a contact's payload says that it was deleted: some accounts show such contacts, even in their list.
pub(super) fn is_deleted(payload: &str) -> bool {
    Row::read(payload).is_some_and(|row| is_deleted_row(&row))
}

/// The same of a row of the list.
pub(super) fn is_deleted_row(row: &Row<'_>) -> bool {
    let has_status = row.text("status").is_some_and(|status| status.trim().eq_ignore_ascii_case("deleted"));
    has_status || row.raw("deleted").is_some_and(|deleted| deleted.get() == "true")
}

/// Whether a refusal says that what a request was for, or its contact, is gone. Below a contact the path itself may not
/// exist at all.
pub(super) fn ends(request: &Request, no: &No) -> bool {
    let segments: Vec<&str> = request.path.split(['/', '?']).filter(|segment| !segment.is_empty()).collect();
    match segments.as_slice() {
        [_, contact] => says_gone(no, contact),
        [_, contact, below @ ..] => {
            let child = below.get(1).filter(|_| no.status == 404);
            let is_gone = |child| absences(&no.body, &CHILD, child).iter().any(|absence| absence.names_kind);
            child.is_some_and(|child| is_gone(child)) || says_gone(no, contact)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone(status: u16, body: &str) -> bool {
        says_gone(&No { status, body: body.to_owned() }, "694cafde1fa9ccfadebd5d64")
    }

    #[test]
    fn a_404_about_a_contact_and_a_410_mean_gone() {
        for body in [
            r#"{"message":"Contact not found"}"#,
            r#"{"error":"contact 694cafde1fa9ccfadebd5d64 was deleted"}"#,
            r#"{"message":"Contacto no encontrado"}"#,
            r#"{"message":"694cafde1fa9ccfadebd5d64 not found","status":404}"#,
        ] {
            assert!(gone(404, body) && gone(410, body), "{body}");
            assert!(!gone(400, body) && !gone(403, body) && !gone(500, body), "{body}");
        }
        assert!(gone(410, r#"{"message":"Gone"}"#));
    }

    #[test]
    fn what_any_server_may_say_means_nothing() {
        for body in [
            "",
            "not found",
            "<html><body><h1>404 Not Found</h1><hr>nginx</body></html>",
            r#"{"message":"no Route matched with those values"}"#,
            r#"{"error":"not_found","path":"/contacts"}"#,
            r#"{"message":"Contact not found","path":"/contacts/694cafde1fa9ccfadebd5d64"}"#,
            r#"{"message":"Not Found"}"#,
            r#"{"message":"Cannot GET /1.0/contacts/694cafde1fa9ccfadebd5d64"}"#,
            r#"{"fault":{"faultstring":"not found"}}"#,
            r#"{"message":"Contact route not found"}"#,
            r#"{"message":"The contact endpoint was not found"}"#,
            r#"{"message":"Contact 64b0000000000000000000ff not found"}"#,
            r#"{"message":"Contact not found in cache, try again later"}"#,
            r#"{"message":"Contact not found or you do not have permission"}"#,
            "[]",
        ] {
            assert!(!gone(404, body), "{body}");
        }
        assert!(!gone(410, "<html>") && !gone(410, "") && !gone(410, "{}"));
        assert!(!gone(410, r#"{"message":"Version 1.0 of this API is gone"}"#));
    }

    #[test]
    fn a_status_says_that_a_contact_was_deleted_in_any_case() {
        assert!(is_deleted(r#"{"id":"a","status":"DELETED"}"#) && is_deleted(r#"{"id":"a","status":"deleted"}"#));
        assert!(!is_deleted(r#"{"id":"a","status":"NEW"}"#) && !is_deleted(r#"{"id":"a"}"#) && !is_deleted("DELETED"));
    }
}
