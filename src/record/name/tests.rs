//! What is promised of names.

use super::*;

fn name(full: &str) -> PersonName {
    PersonName::new(full, "")
}

#[test]
fn a_filler_before_a_last_name_that_both_have_parts_nobody() {
    let ana = PersonName::new("Ana", "Gómez");
    for filler in ["Visitante 8472", "Lead", "5491155551234", "Visitante8472"] {
        let numbered = PersonName::new(filler, "Gómez");
        assert!(numbered.can_be_one(&ana) && ana.can_be_one(&numbered), "{filler}");
        assert!(name(&numbered.full()).can_be_one(&ana), "{filler} in one field");
        assert!(!numbered.can_be_one(&PersonName::new("Ana", "Ruiz")), "{filler}");
    }
    assert!(!PersonName::new("Luis", "Gómez").can_be_one(&ana));
}

#[test]
fn who_shares_a_line_and_not_a_name_is_another() {
    for (one, other) in [
        ("Juan Paz", "Juana Paz"),
        ("Luis Gil", "Luisa Gil"),
        ("José Gil", "Josefa Gil"),
        ("Víctor Sosa", "Victoria Sosa"),
        ("Martín Ruiz", "Martina Ruiz"),
        ("Juan Paz", "Juanita Paz"),
        ("Consorcio Mitre 1234", "Consorcio Belgrano 555"),
        ("Taller Mecánico El Rápido", "Taller Hnos Díaz"),
        ("Escuela N° 5", "Escuela N° 12"),
        ("Depto 3B", "Depto 4A"),
        ("Restaurante La Parrilla", "Parrilla Don Julio"),
        ("Colegio del Sol", "Colegio del Valle"),
        ("Casa Gómez", "Ana Gómez"),
        ("Taller Norte Gómez", "Taller Sur Gómez"),
    ] {
        assert!(!name(one).can_be_one(&name(other)) && !name(other).can_be_one(&name(one)), "{one} and {other}");
    }
    for (one, other) in [
        ("Robertito Gil", "Roberto Gil"),
        ("Juanita Paz", "Juana Paz"),
        ("Fco. Gómez", "Francisco Gómez"),
        ("Chema Pérez", "José Pérez"),
        ("Mary Ruiz", "María Ruiz"),
        ("Escuela N° 5", "escuela nro. 5"),
        ("Depto 3B", "depto. 3b"),
        ("Recepción", "RECEPCION"),
        ("Hotel Plaza", "Plaza"),
        ("Taller Gómez", "TALLER GOMEZ HNOS"),
        ("Pedro - Taller El Tornillo", "Pedro Gómez"),
        ("Sra. Laura", "laura"),
    ] {
        assert!(name(one).can_be_one(&name(other)) && name(other).can_be_one(&name(one)), "{one} and {other}");
    }
}

#[test]
fn marks_within_a_last_name_do_not_say_it_twice() {
    assert_eq!(PersonName::joined("=", "=").full(), "=");
    for last in ["Pérez & Gómez •", "ma=ma & Xma •", "Pérez -"] {
        assert_eq!(PersonName::joined(last, last).full(), last);
        assert_eq!(PersonName::joined(&format!("Ana {last}"), last).full(), format!("Ana {last}"));
        assert_eq!(PersonName::joined(&format!("{last} Ana"), last).full(), format!("Ana {last}"));
    }
}

#[test]
fn who_is_somebodys_is_not_that_one() {
    for (one, other) in [
        ("Mamá de Luz", "Luz Gómez"),
        ("Esposa de Juan Pérez", "Juan Pérez"),
        ("La vecina de Ana", "Ana Gómez"),
        ("Pai do João", "João Silva"),
        ("Wife of Juan Pérez", "Juan Pérez"),
        ("Contador de Ana Gómez", "Secretaria de Ana Gómez"),
        ("Abogado Ruiz", "Abogado Paz"),
        ("Inquilino 4B", "Inquilino 5C"),
        ("Vendedor 1", "Vendedor 2"),
        ("Jefe Ana", "Jefe Luz"),
        ("王小明", "王大明"),
    ] {
        assert!(!name(one).can_be_one(&name(other)) && !name(other).can_be_one(&name(one)), "{one} and {other}");
    }
    for (one, other) in [
        ("Mamá de Luz", "mama de Luz Gómez"),
        ("Tía Ana", "Ana Gómez"),
        ("María del Carmen", "María Carmen Ruiz"),
        ("Plomero Juan", "Juan Pérez"),
        ("Irma de la Cruz", "Irma Cruz"),
        ("王小明", "王 小明"),
    ] {
        assert!(name(one).can_be_one(&name(other)) && name(other).can_be_one(&name(one)), "{one} and {other}");
    }
}

#[test]
fn what_a_form_or_a_program_left_is_no_name() {
    for filler in ["{{nombre}}", "%name%", "[object Object]", "None", "NaN", "WhatsApp 11 2345", "Visitante 12 34"] {
        assert!(name(filler).is_filler(), "{filler}");
    }
    for kept in ["Nan Goldin", "Sol {Ventas}", "100 % Natural", "Local 11 2345 Sur", "Casa Ruiz"] {
        assert!(!name(kept).is_filler(), "{kept}");
    }
}

#[test]
fn what_numbers_a_visitor_before_a_last_name_is_a_filler_and_a_word_is_a_name() {
    for first in ["Visitante 8472", "5491155551234@c.us", "Usuario123", "+54 9 11 5555-1234"] {
        assert!(PersonName::new(first, "Roldán").begins_with_filler(), "{first}");
    }
    for first in ["Guest", "Facebook", "Delia", "Juan 23", "Local 5", ""] {
        assert!(!PersonName::new(first, "Roldán").begins_with_filler(), "{first}");
    }
}

#[test]
fn one_name_is_the_same_however_it_is_split() {
    assert_eq!(name("María José Núñez").full(), PersonName::new("María  José", "Núñez").full());
}

#[test]
fn a_changed_full_name_keeps_the_part_that_still_fits_and_is_split_where_none_does() {
    let current = PersonName::new("María José", "Núñez");
    assert_eq!(name("María José Gómez").fitted_to(&current), PersonName::new("María José", "Gómez"));
    assert_eq!(name("Ana Núñez").fitted_to(&current), PersonName::new("Ana", "Núñez"));
    assert_eq!(name("Luis Paz").fitted_to(&current), PersonName::new("Luis", "Paz"));
    assert_eq!(name("Pilar de la Cruz").fitted_to(&current), PersonName::new("Pilar", "de la Cruz"));
    assert_eq!(name("Cher").fitted_to(&current), PersonName::new("Cher", ""));
}

#[test]
fn a_last_name_that_stands_in_the_name_already_is_not_appended_again() {
    for (first, last, full) in [
        ("Joaquín Ordóñez", "Ordóñez", "Joaquín Ordóñez"),
        ("María Luz Peña Ruiz", "Peña Ruiz", "María Luz Peña Ruiz"),
        ("JOAQUIN ORDONEZ", "Ordóñez", "JOAQUIN Ordóñez"),
        ("Joaquín", "Ordóñez", "Joaquín Ordóñez"),
        ("Ordóñez", "Ordóñez", "Ordóñez"),
        ("Ordóñez, Joaquín", "Ordóñez", "Joaquín Ordóñez"),
        ("ORDONEZ Joaquín", "Ordóñez", "Joaquín Ordóñez"),
        ("Ana Ordóñez Paz", "Ordóñez", "Ana Ordóñez Paz"),
        ("Joaquín Ordóñez 🌸", "Ordóñez", "Joaquín Ordóñez 🌸"),
        ("Ana Gómez.", "Gómez", "Ana Gómez"),
        ("María de la Cruz", "de la Cruz", "María de la Cruz"),
        ("Ana", "Ordóñez Paz", "Ana Ordóñez Paz"),
        ("Joaquín", "", "Joaquín"),
        ("Anaruiz", "Ruiz", "Anaruiz Ruiz"),
        ("Ana .", ".", "Ana ."),
        ("Ana", ".", "Ana ."),
        ("Ana - Ruiz", "- Ruiz", "Ana - Ruiz"),
        ("Ana", "- Ruiz", "Ana - Ruiz"),
    ] {
        assert_eq!(PersonName::joined(first, last).full(), full);
    }
}

#[test]
fn fillers_are_told_from_names() {
    for filler in [
        "5491155520101",
        "+54 9 11 5552-0101",
        "5491155520101@c.us",
        "5491155520101@s.whatsapp.net",
        "Visitante 8472",
        "VISITANTE",
        "Visitor 12",
        "Visitor #a8f3c2",
        "Usuario de WhatsApp",
        "Anónimo",
        "Sin nombre",
        "Cliente 123",
        "s/n",
        ".",
        "Visitante8472",
        "Visitante web 8472",
        "Visitante anónimo",
        "Usuario de Instagram",
        "Facebook User",
        "Contacto WhatsApp",
        "Nuevo lead",
        "New contact",
        "Unknown User",
        "Sin datos",
        "Consumidor final",
        "luz.vera@example.com",
        "👍",
    ] {
        assert!(name(filler).is_filler(), "{filler}");
    }
    for person in [
        "Ana Gómez",
        "Cliente",
        "Visitación Ruiz",
        "Guestrin",
        "Juan 23",
        "Ana",
        "李雷",
        "Dada",
        "Guest House Palermo",
        "Usuario Pérez",
        "Invitada Ruiz",
        "Lead Consultora",
        "Nueva Era",
        "Cliente Final",
        "Web",
        "",
    ] {
        assert!(!name(person).is_filler(), "{person}");
    }
}

#[test]
fn two_of_one_family_are_not_one_person() {
    for (one, other) in [
        ("Juan Pérez", "Ana Pérez"),
        ("Juan Pérez Gómez", "Ana Pérez"),
        ("Mario Ruiz", "María Ruiz"),
        ("Cristian Paz", "Cristina Paz"),
        ("Andrés Roca", "Andrea Roca"),
        ("Felipe Sosa", "Felipa Sosa"),
        ("Julián Vera", "Julia Vera"),
        ("Lucía Vera", "Luciano Vera"),
        ("María Gil", "Mariano Gil"),
        ("Gómez, Ana", "Gómez, Luis"),
        ("Gómez, Ana", "Luis Gómez"),
        ("Compras Molinos", "Ventas Molinos"),
        ("Luis de la Cruz", "Pilar de la Cruz"),
        ("Carlos Gil (padre)", "Carlos Gil (hijo)"),
        ("Carlos Gil Sr.", "Carlos Gil Jr."),
        ("João Silva Filho", "João Silva Neto"),
        ("Mamá de Sofía", "Papá de Sofía"),
        ("J. Pérez", "María Pérez"),
        ("María Pérez", "J Pérez"),
        ("J. C. Pérez", "Ana María Pérez"),
        ("M. San Martín", "Luis San Martín"),
        ("Farmacia San José", "José San Martín"),
        ("Ana Gil", "Clínica Santa Ana"),
    ] {
        assert!(!name(one).can_be_one(&name(other)), "{one} and {other}");
    }
    for (one, other) in [
        ("Carlos Gil Jr", "Carlos Gil (hijo)"),
        ("Sr. Carlos Gil", "Carlos Gil hijo"),
        ("Carlos Gil", "Carlos Gil (h)"),
        ("Laura Benítez", "BENITEZ LAURA INES"),
        ("Fede Ruiz", "Federico Ruiz"),
        ("Pepe Gómez", "José Gómez"),
        ("Laura Benítez", "Luara Benitez"),
        ("Jesica Díaz", "Yesica Díaz"),
        ("L. Benítez", "Laura Benítez"),
        ("J. C. Pérez", "Juan Carlos Pérez"),
        ("M. José Pérez", "María José Pérez"),
        ("Juan C. Pérez", "Juan Pérez"),
        ("C. Pérez", "Juan Carlos Pérez"),
        ("A. Ruiz", "Ruiz"),
        ("Farmacia San José", "FARMACIA SAN JOSE"),
        ("Farmacia San José", "San José"),
        ("Dra. Benítez", "Laura Benítez"),
        ("Ferretería Sosa", "Mirta Sosa"),
        ("Ma. Belén Sáenz Peña", "Belén Sáenz"),
        ("Ana María López", "María López"),
        ("JuanPérez", "Juan Perez"),
        ("Pérez, Juan", "Juan Pérez"),
    ] {
        assert!(name(one).can_be_one(&name(other)), "{one} and {other}");
    }
}

#[test]
fn names_share_a_word_whatever_its_case_accents_and_order() {
    for (one, other) in [
        ("Laura Benítez", "Laura Benitez"),
        ("BENÍTEZ LAURA INÉS", "Laura Benítez"),
        ("Sáenz-Peña, Belén", "Ma. Belén Sáenz Peña"),
        ("Ferretería Sosa", "Mirta Sosa"),
        ("J. P.", "j p"),
        ("O'Brien Pat", "Obrien"),
        ("Marco D’Angelo", "DANGELO Marcos"),
        ("JuanPerez", "Juan Pérez"),
        ("Straße Lola", "STRASSE"),
        ("Sra. Díaz", "Ana Díaz"),
        ("Mamá de Ana", "Ana"),
        ("李雷", "李 雷"),
    ] {
        assert!(name(one).shares_a_word(&name(other)), "{one} and {other}");
    }
    for (one, other) in [
        ("Laura Benítez", "Óscar Quiroga"),
        ("María de la Cruz", "Ana de la Torre"),
        ("Sra. Díaz", "Sra. Paz"),
        ("A. Gómez", "A. Paz"),
        ("Ferretería Sosa", "Ferretería Paz"),
        ("Doctora Ana Ruiz", "Doctora Luz Paz"),
        ("CPN Ana Vera", "CPN Luis Gil"),
        ("Pbro. Luis Paz", "Pbro. Juan Gil"),
        ("Hna. Rosa", "Hna. Inés"),
        ("Mtra. Xóchitl Tzec", "Mtra. Itzel Poot"),
        ("Familia Gómez", "Familia Paz"),
        ("Tío Juan", "Tío Pedro"),
        ("Ana cliente", "Luz cliente"),
        ("Ana (nueva)", "Luz (nueva)"),
        ("Ana 2", "Luz 2"),
        ("Los Hnos. Ruiz S.A.", "Los Hnos. Paz S.A."),
    ] {
        assert!(!name(one).shares_a_word(&name(other)), "{one} and {other}");
    }
}

#[test]
fn who_is_named_beside_a_relative_is_another() {
    for (one, other) in [
        ("Juan Pérez (p)", "Juan Pérez (h)"),
        ("Nora (hija de Ana Paz)", "Ana Paz"),
        ("Nora, vecina de Ana Paz", "Ana Paz"),
        ("La prima de Ana", "Ana Paz"),
        ("Juan Pérez (esposa)", "Juan Pérez"),
        ("Ana Paz - esposo", "Ana Paz"),
    ] {
        assert!(!name(one).can_be_one(&name(other)) && !name(other).can_be_one(&name(one)), "{one} and {other}");
    }
    for (one, other) in [
        ("Juan Pérez (p)", "Juan Pérez"),
        ("Juan Pérez (p)", "Juan Pérez padre"),
        ("Juan Pérez (h)", "Juan Pérez Gómez"),
        ("Nora (hija de Ana Paz)", "Nora Paz"),
        ("Nora (hija de Ana Paz)", "Nora"),
        ("Ana Paz (esposa)", "Ana Paz"),
        ("Juan Pérez (esposa)", "Esposa de Juan Pérez"),
        ("Juan Pérez (esposo)", "Juan Pérez"),
        ("Miguel Primo de Rivera", "M. Primo de Rivera"),
        ("João Neto da Silva", "J. Silva"),
        ("Ruth Paz", "Rut Paz"),
    ] {
        assert!(name(one).can_be_one(&name(other)) && name(other).can_be_one(&name(one)), "{one} and {other}");
    }
}

#[test]
fn an_initial_is_that_of_the_word_in_its_place() {
    for (one, other) in [
        ("María J.", "María Gómez"),
        ("María J.", "Josefa María Paz"),
        ("María J. Paz", "María L. Paz"),
        ("María J. Paz", "Paz María Luisa"),
        ("Juan C. Paz", "Juan D. Paz"),
        ("Juan C. Paz", "Juan Domingo Paz"),
        ("J. P. Sosa", "P. J. Sosa"),
        ("J. C. Pérez", "Juan Alberto Pérez"),
        ("M. Pérez", "Pérez Juan"),
        ("E. Pérez", "María Pérez"),
        ("J. P.", "Juan Gómez"),
        ("J. P.", "María Sosa"),
        ("M.", "Juan Pérez"),
    ] {
        assert!(!name(one).can_be_one(&name(other)) && !name(other).can_be_one(&name(one)), "{one} and {other}");
    }
    for (one, other) in [
        ("J.P.", "Juan Pérez"),
        ("María J.", "María José Gómez"),
        ("María J.", "María Juárez"),
        ("Juan P.", "Juan Carlos Pérez"),
        ("M. J. Gómez", "María José Gómez"),
        ("María J. Gómez", "Gómez María José"),
        ("L. Benítez", "Benítez, Laura"),
        ("María J. Paz", "María Paz Ruiz"),
        ("Nicolás A. Gil", "Nico Gil"),
        ("Ana D.", "Ana Luz de la Cruz"),
        ("Ana C.", "Ana de la Cruz"),
        ("E. Pérez", "Elena Pérez"),
        ("Sta. María Rosa", "Santa María Rosa"),
        ("Rosa Sta. María", "Rosa Santa María"),
        ("Depto 3 B", "Depto 3B"),
        ("Juan y María Pérez", "María Pérez"),
    ] {
        assert!(name(one).can_be_one(&name(other)) && name(other).can_be_one(&name(one)), "{one} and {other}");
    }
}

#[test]
fn who_shares_the_last_name_that_stands_in_front_is_another() {
    for (one, other) in
        [("De la Cruz Ana", "Cruz Beto"), ("De la Cruz Ana", "Beto Cruz"), ("Dos Santos Autos", "Pedro dos Santos")]
    {
        assert!(!name(one).can_be_one(&name(other)) && !name(other).can_be_one(&name(one)), "{one} and {other}");
    }
    for (one, other) in [
        ("De la Cruz Ana", "Ana de la Cruz"),
        ("dos Santos, Maria", "Maria dos Santos"),
        ("De la Cruz", "Ana de la Cruz"),
        ("María del Carmen", "Carmen Ruiz"),
        ("De Luca Hnos.", "Luca Pérez"),
    ] {
        assert!(name(one).can_be_one(&name(other)) && name(other).can_be_one(&name(one)), "{one} and {other}");
    }
}
