use proptest::prelude::*;

use super::*;

fn phone(raw: &str) -> Phone {
    Phone::new(raw, Some(Region::AR))
}

fn key(raw: &str, region: Region) -> Option<String> {
    Phone::new(raw, Some(region)).match_key()
}

// Watches: I31.
#[test]
fn six_styles_of_one_number_are_one_number() {
    for raw in ["+54 9 11 5566-7788", "+5491155667788", "011 15-5566-7788", "54 9 11 55667788"] {
        assert_eq!(phone(raw).key(), "+5491155667788", "{raw}");
    }
    for raw in ["11 5566-7788", "(011) 5566-7788", "+54 11 5566-7788"] {
        assert_eq!(phone(raw).key(), "+541155667788", "{raw}");
    }
}

#[test]
fn a_line_with_and_without_the_nine_matches_but_is_not_equal() {
    let (mobile, line) = (phone("+54 9 11 5566-7788"), phone("+54 11 5566-7788"));
    assert_eq!(mobile.match_key(), line.match_key());
    assert_ne!(mobile.key(), line.key());
}

#[test]
fn every_spelling_of_a_line_has_one_match_key() {
    let lines: [(Region, &[&str]); 19] = [
        (
            Region::AR,
            &[
                "+54 9 11 5555-1234",
                "5491155551234",
                "541155551234",
                "011 15 5555-1234",
                "11 5555 1234",
                "+54 11 15 5555-1234",
                "+54 9 11 15 5555-1234",
                "00 54 9 11 5555 1234",
                "+54 (9) 11 5555.1234",
                "+54 9 11 5555-1234 (WhatsApp)",
                "Tel.: 11 5555-1234",
                "(011) cel. 5555-1234",
                "+54 9 11 5555-1234 (después de las 18)",
                "5491155551234@c.us",
                "5491155551234:12@s.whatsapp.net",
                "https://wa.me/5491155551234?text=hola",
                "https://api.whatsapp.com/send?phone=5491155551234&text=hola",
                "whatsapp:+5491155551234",
                "tel:+54-9-11-5555-1234",
                "\u{200b}+54 9 11 \u{202a}5555-1234\u{202c}",
                "٥٤٩١١٥٥٥٥١٢٣٤",
            ],
        ),
        (Region::AR, &["+54 9 11 0000-1234", "+541100001234", "011 15 0000 1234", "54 9 11 0000 1234"]),
        (Region::AR, &["0351 455-0101", "351 15 455-0101", "+54 9 351 455-0101", "543514550101"]),
        (Region::AR, &["+5511 8765-4321", "5511987654321", "+55 (11) 98765-4321", "551187654321"]),
        (Region::BR, &["11 98765-4321", "(011) 8765-4321", "+55 11 98765-4321", "5511987654321"]),
        (Region::AR, &["+5215512345678", "+525512345678", "5215512345678", "525512345678"]),
        (Region::MX, &["5215512345678", "55 1234 5678", "044 55 1234 5678", "+52 1 55 1234 5678"]),
        (Region::AR, &["+1 (555) 000-1111", "15550001111", "001 555 000 1111"]),
        (Region::AR, &["+598 99 123 456", "59899123456", "+598 099 123 456"]),
        (
            Region::AR,
            &[
                "0351 455-0101",
                "+54 9 (0351) 15-455-0101",
                "549 0351 4550101",
                "54 0351 15 455 0101",
                "5493514550101.0",
                "5.493514550101E12",
            ],
        ),
        (Region::AR, &["011 4321-0500", "11 4321-0500 (12)", "11 4321-0500 / 0501", "011-4321-0500 líneas rotativas"]),
        (Region::MX, &["55 1234 5678", "+52 044 55 1234 5678", "+52 01 55 1234 5678", "00521 55 1234 5678"]),
        (Region::CL, &["+56 9 8123 4567", "09 8123 4567", "9 8123 4567", "+5609 8123 4567", "56981234567"]),
        (Region::CL, &["+56 2 2345 6700", "(02) 2345 6700", "22345 6700"]),
        (Region::CO, &["+57 601 345 6780", "+57 1 345 6780", "(601) 345 6780", "5713456780"]),
        (Region::BR, &["0xx11 98765-4321", "015 11 98765-4321", "+55 (0xx11) 98765-4321", "(11) 9.8765-4321"]),
        (Region::PE, &["+51 1 234 5601", "(01) 234-5601", "01 2345601"]),
        (Region::PE, &["+51 987 654 321", "987654321", "51987654321"]),
        (Region::PE, &["+51 1 234 5678", "(01) 234-5678", "5112345678"]),
    ];
    for (region, spellings) in lines {
        let first = key(spellings[0], region);
        assert!(first.is_some(), "{spellings:?}");
        for raw in spellings {
            assert_eq!(key(raw, region), first, "{raw} in {region:?}: {:?}", Phone::new(raw, Some(region)));
        }
    }
}

#[test]
fn a_prefix_at_another_place_is_no_other_line() {
    for (region, raw, right) in [
        (Region::AR, "15 11 5555-1234", "+5491155551234"),
        (Region::AR, "+54 15 11 5555-1234", "+5491155551234"),
        (Region::AR, "+54 9 15 11 5555-1234", "+5491155551234"),
        (Region::AR, "15 351 555-1234", "+5493515551234"),
        (Region::AR, "15-(0351)-555-1234", "+5493515551234"),
        (Region::AR, "15 2901 41-2345", "+5492901412345"),
        (Region::AR, "54541155551234", "+541155551234"),
        (Region::AR, "+54 54 11 5555-1234", "+541155551234"),
        (Region::AR, "+54 54 9 11 5555-1234", "+5491155551234"),
        (Region::BR, "+55 55 11 98765-4321", "+5511987654321"),
        (Region::BR, "+55 55 98765-4321", "+5555987654321"),
        (Region::MX, "+52 52 55 1234 9876", "+525512349876"),
        (Region::CL, "+56 8765 4321", "+56987654321"),
        (Region::CL, "9765 4321", "+56997654321"),
        (Region::AR, "11/15/5555/1234", "+5491155551234"),
        (Region::AR, "011/15/5555/1234", "+5491155551234"),
        (Region::AR, "0351/455/0101", "+543514550101"),
        (Region::AR, "+54/9/11/5555/1234", "+5491155551234"),
        (Region::AR, "11,15,5555,1234", "+5491155551234"),
        (Region::AR, "11/4321/0500/01", "+541143210500"),
    ] {
        let read = Phone::new(raw, Some(region));
        assert_eq!(read.e164.as_deref(), Some(right), "{raw}: {read:?}");
    }
    for raw in
        ["15 151 15 55512", "+54 541 15 555123", "+54 151 15 555123", "+54 20 15 55551234", "+54 9 541 15 555123"]
    {
        let read = phone(raw);
        assert_eq!((read.e164.as_deref(), read.match_key()), (None, None), "{raw}: {read:?}");
    }
}

#[test]
fn an_extension_is_part_of_a_number_and_never_goes_without_it() {
    let line = phone("+54 11 4321-0500");
    let mut keys = std::collections::BTreeSet::from([line.match_key()]);
    for (raw, number) in [
        ("+541143210500p7", "7"),
        ("+54 11 4321-0500 int. 101", "101"),
        ("011 4321-0500 interno 5", "5"),
        ("+54 11 4321-0500 ext 22", "22"),
        ("+54 11 4321-0500 x12", "12"),
        ("+54 11 4321-0500 #3", "3"),
        ("+54 11 4321-0500 (Int. Nº 77)", "77"),
        ("tel:+54-11-4321-0500;ext=9", "9"),
        ("+54 11 4321-0500 anexo 4", "4"),
        ("+54 11 4321-0500 ex. 102", "102"),
        ("+54 11 4321-0500 Extensión: 800", "800"),
        ("Int. 31: 11 4321-0500", "31"),
        ("interno 32 - (011) 4321-0500", "32"),
        ("11 4321-0500 R: 33", "33"),
        ("1143210500,34", "34"),
        ("11 4321-0500 opción 2", "2"),
    ] {
        let read = phone(raw);
        let extension = read.extension.clone().unwrap_or_else(|| panic!("{raw}: {read:?}"));
        assert_eq!((extension.line.as_str(), extension.number.as_str()), ("+541143210500", number), "{raw}");
        assert_eq!(read.e164, None, "{raw}");
        assert!(keys.insert(read.match_key()), "{raw}");
        assert!(read.is_line_of(&line) && !read.same(&line));
    }
    assert_eq!(phone("11 4321-0500 int 101").match_key(), phone("+54 9 11 4321-0500 x101").match_key());
}

#[test]
fn what_is_no_number_says_why_and_never_matches() {
    for (raw, why) in [
        ("4444", NoPhone::TooShort),
        ("+54 9 11 5555-123", NoPhone::TooShort),
        ("+54 11 5555-123", NoPhone::TooShort),
        ("+54 11 155551234", NoPhone::TooShort),
        ("011 15 5555-123", NoPhone::TooShort),
        ("549115555123", NoPhone::TooShort),
        ("+54 9 351 455-010", NoPhone::TooShort),
        ("+56 9 9 8765 4321", NoPhone::TooLong),
        ("+56 9 98765 43210", NoPhone::TooLong),
        ("s/n", NoPhone::NoDigits),
        ("consultar", NoPhone::NoDigits),
        ("5411000011112222333344", NoPhone::TooLong),
        ("5566-7788", NoPhone::NoArea),
        ("15 5566-7788", NoPhone::NoArea),
        ("int. 12-34", NoPhone::TooShort),
        ("Int. 12: 4321-0500", NoPhone::NoArea),
        ("5,49116E+12", NoPhone::Rounded),
        ("5.49115555123E+12", NoPhone::Rounded),
        ("+54 9 11 0000-0000", NoPhone::Filler),
        ("9876543210", NoPhone::Filler),
        ("27 30123456 7", NoPhone::Identity),
        ("900.123.456-7", NoPhone::Identity),
        ("900123456-7", NoPhone::Identity),
        ("C.C. 1032456789", NoPhone::Identity),
        ("C.U.I.T. 20123456789", NoPhone::Identity),
        ("11 5555 12345", NoPhone::TooLong),
        ("11 4321-0500 9 a 18 hs", NoPhone::TooLong),
        ("1111111111", NoPhone::Filler),
        ("+54 9 11 1111-1111", NoPhone::Filler),
        ("0000000000", NoPhone::Filler),
        ("1234567890", NoPhone::Filler),
        ("+54 1234567890", NoPhone::Filler),
        ("20-12345678-9", NoPhone::Identity),
        ("20.12345678.9", NoPhone::Identity),
        ("20123456786", NoPhone::Identity),
        ("CUIT 20123456789", NoPhone::Identity),
        ("123.456.789-09", NoPhone::Identity),
        ("12.345.678-5", NoPhone::Identity),
        ("12345678-K", NoPhone::Identity),
        ("1.234.567-8", NoPhone::Identity),
        ("30.123.456", NoPhone::Identity),
        ("12.345.678/0001-95", NoPhone::Identity),
        ("11 4321-0500 / 11 4321-0501", NoPhone::Several),
        ("11 4321-0500 y 11 5555-1234", NoPhone::Several),
        ("5491155551234-1612345678@g.us", NoPhone::Chat),
        ("ana@example.com", NoPhone::Address),
        ("+54 9 11 ****-1234", NoPhone::Masked),
        ("+54911XXXXXX34", NoPhone::Masked),
    ] {
        let read = phone(raw);
        assert_eq!((read.unusable, read.match_key()), (Some(why), None), "{raw}: {read:?}");
        assert_eq!(read.key(), canonical_line(raw));
    }
}

#[test]
fn what_only_looks_like_an_identity_number_is_a_phone() {
    for (raw, region) in [
        ("11.4321.0500", Region::AR),
        ("351-455-0101", Region::AR),
        ("099.123.456", Region::UY),
        ("+54 9 351 455 0101", Region::AR),
        ("11-4321-0500", Region::AR),
        ("600.123.456", Region::ES),
        ("1-555-000-1111", Region::US),
    ] {
        assert!(key(raw, region).is_some(), "{raw}: {:?}", Phone::new(raw, Some(region)));
    }
}

#[test]
fn a_number_with_a_sign_in_it_is_none_although_its_digits_would_be() {
    let odd = phone("34120000+00");
    assert_eq!((odd.key().as_str(), odd.match_key()), ("34120000+00", None));
    assert_ne!(odd.key(), phone("3412000000").key());
}

#[test]
fn a_phone_that_an_older_version_kept_is_the_same_phone() {
    let kept = r#"{"raw":"+54 9 11 0000-1234","e164":null}"#;
    let kept: Phone = serde_json::from_str(kept).unwrap();
    assert!(kept.same(&phone("+54 9 11 0000-1234")) && !kept.same(&phone("+54 9 11 0000-1235")));
}

proptest! {
    #[test]
    fn what_is_sent_of_a_phone_is_the_same_phone(raw in "[+0-9 ()-]{0,18}") {
        let phone = phone(&raw);
        let sent = phone.e164.as_deref().unwrap_or(&phone.raw);
        prop_assert_eq!(Phone::new(sent, Some(Region::AR)).key(), phone.key());
    }

    #[test]
    fn a_phone_is_read_the_same_from_any_country_once_it_has_its_own(raw in "(\\PC|[0-9+#x.@ -]|int|ext){0,24}") {
        for region in [Region::AR, Region::BR, Region::MX, Region::US] {
            let read = Phone::new(&raw, Some(region));
            let Some(e164) = &read.e164 else { continue };
            for other in [Region::AR, Region::BR, Region::MX, Region::US] {
                let again = Phone::new(e164, Some(other));
                prop_assert_eq!((again.key(), again.match_key()), (read.key(), read.match_key()));
            }
        }
    }
}
