use proptest::prelude::*;

use super::*;

fn read(html: &str) -> String {
    Body::markup(html).text().to_owned()
}

#[test]
fn markup_and_plain_are_equal_when_they_read_the_same() {
    let html = Body::markup("<p>Llamar el lunes&nbsp;por la tarde</p>");
    assert!(html.same(&Body::plain("Llamar el lunes por la tarde ")));
    assert!(Body::markup("<p>uno</p><p>dos</p>").same(&Body::plain("uno\n\ndos")));
    assert_eq!(read("<p>uno<br>dos &amp; <b>tres</b></p>"), "uno\ndos & tres");
    assert_eq!(read("<div>\n\t\tHola,\n\t\t<em>Ana</em>\n</div>"), "Hola, Ana");
}

#[test]
fn plain_text_stays_plain_whatever_it_looks_like() {
    for plain in [
        "<a convenir>",
        "si a<b y b>c",
        "precio <100>",
        "Lote <b> y lote <c>",
        "<3 gracias",
        "stock <= 5 && precio > 10",
        "pago: <i.e. lunes> o <p.ej. martes>",
        "<br>",
        "usar &amp; en el código",
        "<script>alert(1)</script>",
        "mirá <img src=x onerror=alert(1)> esto",
        "<p>uno</p><p>dos</p>",
        "mail <ana@example.com>",
        "a  b <\n  c\t<d>",
    ] {
        assert_eq!(Body::plain(plain).text(), plain);
        let sent = html_from_text(plain);
        assert!(!sent.contains("<script") && !sent.contains("<img"), "{sent}");
        assert_eq!(read(&sent), plain, "{sent}");
    }
}

#[test]
fn only_a_known_tag_that_is_one_makes_markup() {
    for plain in [
        "precio < 500 y > 200",
        "a <- b",
        "1 <b 2",
        "mail <ana@example.com>",
        "<a convenir>",
        "<b 12> reservado",
        "a<b y b>c",
        "<p.ej. martes>",
        "<cliente>Ruiz</cliente>",
        "<p",
        "<a href=\"x",
        "usar &amp; en el código",
    ] {
        assert_eq!(read(plain), plain);
    }
    for (html, text) in [
        ("<strike>no</strike> si", "no si"),
        ("<center>Pago al día</center>", "Pago al día"),
        ("<section>Obra</section><section>Techo</section>", "Obra\nTecho"),
        ("uno<br/>dos", "uno\ndos"),
        ("<P CLASS=nota data-x>Hola</P>", "Hola"),
        ("<input type=checkbox checked> hecho", "hecho"),
        ("<p><cliente>Ruiz</cliente></p>", "Ruiz"),
    ] {
        assert_eq!(read(html), text, "{html}");
    }
}

#[test]
fn links_images_lists_and_tables_say_what_they_hold() {
    for (html, text) in [
        (
            "<p>Mandé el <a href=\"https://example.com/17\">presupuesto</a> hoy</p>",
            "Mandé el presupuesto (https://example.com/17) hoy",
        ),
        ("<a href='https://example.com/a?x=1&amp;y=2'><b>la ficha</b></a>", "la ficha (https://example.com/a?x=1&y=2)"),
        ("<a href=\"https://example.com/\">https://example.com</a>", "https://example.com"),
        (
            "<a href=\"https://example.com\"><img src=\"https://example.com/plano.png\"></a>",
            "https://example.com/plano.png (https://example.com)",
        ),
        (
            "<a href=\"https://example.com/1\">https://example.com/17</a>",
            "https://example.com/17 (https://example.com/1)",
        ),
        ("<a href=\"https://example.com/17\">Ver https://example.com/17.</a>", "Ver https://example.com/17."),
        ("<a href=\"mailto:ana@example.com\">ana@example.com.ar</a>", "ana@example.com.ar (ana@example.com)"),
        ("<a href=\"mailto:ana@example.com\">Ana</a>", "Ana (ana@example.com)"),
        ("<a href=\"tel:+541143210000\">+541143210000</a>", "+541143210000"),
        ("<a href=\"#arriba\">arriba</a> <a name=\"x\">x</a>", "arriba x"),
        ("<a href=\"https://example.com/f\"></a>", "https://example.com/f"),
        ("mira<a href=\"https://example.com/f\"></a>vacío", "mira https://example.com/f vacío"),
        ("<map><area href=\"https://example.com/g\"></map>z", "https://example.com/g z"),
        (
            "<p>Plano: <img src=\"https://example.com/plano-3.png\" alt=\"plano\"></p>",
            "Plano: https://example.com/plano-3.png",
        ),
        ("<p><img src=\"data:image/png;base64,AAAA\" alt=\"firma\"> ok</p>", "firma ok"),
        ("<p><img src=\"data:image/png;base64,AAAA\"></p>", "data:image/png"),
        ("<p>solo <img src='DATA:image/jpeg;base64,AAAA' alt=''>fin</p>", "solo DATA:image/jpeg fin"),
        ("<p>ver <object data=\"data:application/pdf;base64,AAAA\"></object></p>", "ver data:application/pdf"),
        ("<p><svg width=\"1\"><path d=\"M0\"/></svg></p>", "data:image/svg+xml"),
        ("<p>x</p><xmp>y <b> &amp;</xmp>", "x\n\ny <b> &amp;"),
        ("<title>t &amp; u</title><p>x</p>", "t & u\n\nx"),
        ("<p>a <noembed>b</noembed> <noframes><p>c</p></noframes></p>", "a\nb\n\nc"),
        ("<p>a <![CDATA[b & <c>]]> d</p>", "a b & <c> d"),
        ("<ul><li>uno</li><li>dos</li></ul>", "uno\ndos"),
        ("<p>Pasos</p><ol><li>uno</li><li><p>dos</p></li></ol><p>fin</p>", "Pasos\n\n1. uno\n2. dos\n\nfin"),
        ("<ol start=\"5\"><li>a<li value=9>b<li>c</ol>", "5. a\n9. b\n10. c"),
        ("<ol><li>uno<ul><li>x</li></ul></li><li>dos</li></ol>", "1. uno\nx\n2. dos"),
        ("<table><tr><td>uno</td><td>dos</td></tr><tr><td>3</td><td>4</td></tr></table>", "uno | dos\n3 | 4"),
        ("<p>seña <s>100</s> 120 <del>x</del></p>", "seña 100 120 x"),
        ("<p>uno</p><hr><p>dos</p>", "uno\n\ndos"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<p>a<script>alert('<b>x</b>')</script><style>p{}</style>b<!-- c --></p>", "ab"),
        ("<iframe src=\"https://example.com/v\">no</iframe>", "https://example.com/v"),
    ] {
        assert_eq!(read(html), text, "{html}");
    }
}

#[test]
fn entities_are_read_once() {
    assert_eq!(
        read("<p>Pérez &amp; Hijos 2 &lt; 3 &iquest;Cu&aacute;ndo? &#128512;</p>"),
        "Pérez & Hijos 2 < 3 ¿Cuándo? 😀"
    );
    assert_eq!(read("<p>&lt;b&gt; es negrita &amp;amp;</p>"), "<b> es negrita &amp;");
}

#[test]
fn what_plain_text_would_destroy_is_known() {
    for rich in [
        "<a href=\"https://example.com\">x</a>",
        "<p><img src=\"https://example.com/x.png\"></p>",
        "<p>solo <img src=\"data:image/png;base64,AAAA\"></p>",
        "<table><tr><td>x</td></tr></table>",
        "<video src=\"https://example.com/v.mp4\"></video>",
    ] {
        assert!(Body::markup(rich).is_rich(), "{rich}");
    }
    for poor in ["<p><b>x</b> <s>y</s></p>", "<ol><li>x</li></ol>", "<a name=\"x\">y</a>", "x"] {
        assert!(!Body::markup(poor).is_rich(), "{poor}");
    }
    assert!(!Body::plain("<a href=\"https://example.com\">x</a>").is_rich());
}

#[test]
fn depth_costs_no_more_than_length() {
    for (open, close) in [
        ("<div>", "</div>"),
        ("<b>", "</b>"),
        ("<ul><li>", "</li></ul>"),
        ("<ol><li>", "</li></ol>"),
        ("<blockquote>", "</blockquote>"),
        ("<table><tr><td>", "</td></tr></table>"),
        ("<a href=\"https://example.com\">", "</a>"),
        ("<span style=\"white-space:pre\">", "</span>"),
    ] {
        let times = 400_000 / (open.len() + close.len());
        let text = read(&format!("{}llegó{}", open.repeat(times), close.repeat(times)));
        assert!(text.contains("llegó") && text.len() < 2_000_000, "{open}: {} bytes", text.len());
    }
    assert_eq!(read(&"<a href=\"".repeat(40_000)), "<a href=\"".repeat(40_000));
}

#[test]
fn a_body_comes_back_from_the_state_as_it_was() {
    for body in
        [Body::plain("<b>x</b>"), Body::plain("hola"), Body::markup("<p>hola &amp; chau</p>"), Body::markup("a<b")]
    {
        let kept = serde_json::to_string(&body).unwrap();
        let back: Body = serde_json::from_str(&kept).unwrap();
        assert!(back.same(&body) && back.text() == body.text(), "{kept}");
    }
    assert_eq!(serde_json::from_str::<Body>("\"<p>hola</p>\"").unwrap().text(), "hola", "of an older version");
}

/// HTML from a small grammar, with bad nesting.
fn html() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zñ <>&;\t\n]{0,8}",
        "\\PC{0,6}",
        "</?(p|b|div|ul|ol|li|table|tr|td|a|span|pre|cliente|s|blockquote)>",
        Just("<br>".to_owned()),
        "<a href=\"https://example.com/[a-z&;]{0,5}\">",
        "<img src='x[a-z]{1,3}'/>",
        "&(amp|lt|gt|nbsp|eacute|#65|#x1F600);",
        Just("<script>".to_owned()),
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    // Watches: I31, I34.
    #[test]
    fn what_was_read_is_plain_and_comes_back_as_it_was_sent(raw in html()) {
        let text = read(&raw);
        let plain = Body::plain(text.as_str());
        prop_assert_eq!(plain.text(), text.as_str());
        prop_assert_eq!(read(&html_from_text(&text)), text);
    }

    #[test]
    fn plain_text_of_every_plane_comes_back_as_it_was_sent(raw in "\\PC{0,20}|(\\PC|[<>&\\t\\n \u{300}\u{5d0}\u{200d}😀]){0,20}|.{0,10}") {
        let plain = Body::plain(raw.as_str()).text().to_owned();
        let sent = html_from_text(&plain);
        prop_assert_eq!(read(&sent), plain, "{}", sent);
    }
}
