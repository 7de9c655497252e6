//! The page catalogue: which page a request asks for, and which fields of an account it shows.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::read::read_toml;
use crate::error::{Error, Result};

/// A field that a page shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// What it is; figures and reports bear the name.
    #[schemars(example = &"email")]
    pub name: String,
    /// Whether the page shows it whole.
    #[schemars(example = &"plain")]
    pub form: Form,
}

/// How a page shows a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Shown whole.
    Plain,
    /// Partly hidden.
    Masked,
}

impl Field {
    /// The form's name, as in the catalogue.
    pub fn form_name(&self) -> &'static str {
        match self.form {
            Form::Plain => "plain",
            Form::Masked => "masked",
        }
    }
}

/// A page: what asks for it, and which fields of an account it shows.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// A short identifier; figures bear it, as `page.order-list.views`.
    #[schemars(example = &"order-list")]
    pub id: String,
    /// One line for people.
    #[schemars(example = &"Orders, list")]
    pub title: String,
    /// The HTTP method that asks for it.
    ///
    /// A request with a method that is no page's, such as HEAD, shows at most what the application served.
    #[schemars(example = &"GET")]
    pub method: String,
    /// The path that asks for it; a segment in braces matches any one segment.
    ///
    /// A request's path finds its page as servers read it: percent-encoding undone, dot segments resolved,
    /// several slashes made one. If no page has that path, it is tried again without regard to letter case, to a
    /// slash or blanks at its end and to what follows a `;`, and with an encoded slash or a backslash as a slash.
    /// If that finds no page either, the page is the one that the edge logged or the application served.
    #[schemars(example = &"/member/addresses/{address}/edit")]
    pub route: String,
    /// A response below this size shows nothing, bytes.
    ///
    /// The size is the one that the gateway logs; formats whose size counts the headers too say so in
    /// `breachscope formats NAME`.
    #[schemars(example = 200)]
    pub empty_below_bytes: u64,
    /// The fields of an account that it shows.
    #[schemars(example = [std::collections::BTreeMap::from([("name", "email"), ("form", "plain")])])]
    pub fields: Vec<Field>,
}

impl Page {
    /// Whether `method` is the page's. Some servers accept it in other letter case, or with blanks around it.
    fn is_asked_by(&self, method: &str) -> bool {
        self.method == method || self.method.eq_ignore_ascii_case(method.trim())
    }
}

/// The page catalogue, TOML: which request shows which fields of an account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogueFile {
    /// The pages, one table a page.
    page: Vec<Page>,
}

/// The page catalogue of a case: all pages whose requests are counted.
#[derive(Debug)]
pub struct Catalogue {
    /// The pages, in the order of the file.
    pub pages: Vec<Page>,
    /// The distinct fields of all pages with their form, sorted.
    pub fields: Vec<Field>,
    /// The segments of each page's route; nothing where any segment matches.
    routes: Vec<Vec<Option<String>>>,
}

impl Catalogue {
    /// Reads the catalogue at `path`.
    ///
    /// Fails if it names no page, one page twice, a page without fields, or a route that is no path.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|e| Error::io("read the page catalogue", path, e))?;
        let file: CatalogueFile = read_toml(path, &text)?;
        if file.page.is_empty() {
            return Err(Error::case(
                path,
                "the page catalogue names no page, so nothing can be counted",
            )
            .hint("add a [[page]] with id, title, method, route, empty_below_bytes and fields"));
        }
        for (index, page) in file.page.iter().enumerate() {
            if file.page[..index].iter().any(|other| other.id == page.id) {
                return Err(Error::case(
                    path,
                    format!("page `{}` is there twice", page.id),
                ));
            }
            if page.fields.is_empty() {
                return Err(Error::case(
                    path,
                    format!("page `{}` shows no field", page.id),
                ));
            }
            if !page.route.starts_with('/') {
                return Err(Error::case(
                    path,
                    format!("the route of page `{}` does not begin with `/`", page.id),
                ));
            }
        }
        Ok(Self::new(file.page))
    }

    /// A catalogue of these pages.
    pub fn new(pages: Vec<Page>) -> Self {
        let mut fields: Vec<Field> = pages
            .iter()
            .flat_map(|page| page.fields.iter().cloned())
            .collect();
        fields.sort();
        fields.dedup();
        let routes = pages
            .iter()
            .map(|page| {
                let route = page.route.strip_prefix('/').unwrap_or(&page.route);
                let segments = normal(route).into_iter();
                segments
                    .map(|segment| Some(segment).filter(|segment| !segment.starts_with('{')))
                    .collect()
            })
            .collect();
        Catalogue {
            pages,
            fields,
            routes,
        }
    }

    /// The index of the page that a request for `path` by `method` asks for.
    ///
    /// The query string is ignored. The path is read as servers read it: percent-encoding is undone, dot
    /// segments are resolved, and several slashes are one. If no page has that path, a looser reading is
    /// tried, which only some servers accept.
    pub fn find(&self, method: &str, path: &str) -> Option<usize> {
        if self.pages.is_empty() {
            return None;
        }
        let path = path.split(['?', '#']).next().unwrap_or(path);
        let path = match path.strip_prefix('/') {
            Some(path) => path,
            // The absolute form of a request target, RFC 9112 section 3.2.2.
            None => path.split_once("://")?.1.split_once('/')?.1,
        };
        let found = if is_normal(path) {
            self.matching(method, || path.split('/'), str::eq)
        } else {
            let segments = normal(path);
            let segments = || segments.iter().map(String::as_str);
            self.matching(method, segments, str::eq)
        };
        found.or_else(|| {
            let segments = loose(path)?;
            let segments = || segments.iter().map(String::as_str);
            self.matching(method, segments, str::eq_ignore_ascii_case)
        })
    }

    /// Whether any page has the method.
    pub fn has(&self, method: &str) -> bool {
        self.pages.iter().any(|page| page.is_asked_by(method))
    }

    /// The index of the first page with that method whose route matches all `segments`.
    fn matching<'p, S>(
        &self,
        method: &str,
        segments: impl Fn() -> S,
        same: impl Fn(&str, &str) -> bool,
    ) -> Option<usize>
    where
        S: Iterator<Item = &'p str>,
    {
        self.routes
            .iter()
            .zip(&self.pages)
            .position(|(route, page)| {
                page.is_asked_by(method) && {
                    let mut given = segments();
                    route.iter().all(|segment| match (segment, given.next()) {
                        (Some(fixed), Some(given)) => same(fixed, given),
                        (None, Some(given)) => !given.is_empty(),
                        (_, None) => false,
                    }) && given.next().is_none()
                }
            })
    }
}

/// Whether [`normal`] would change nothing in a path, which is given without its first slash.
fn is_normal(path: &str) -> bool {
    let another = |pair: &[u8]| pair[0] == b'/' && matches!(pair[1], b'/' | b'.');
    !path.starts_with(['/', '.']) && !path.contains('%') && !path.as_bytes().windows(2).any(another)
}

/// The segments of a path, normalized as servers do before they look for the page.
///
/// That is RFC 3986 section 6.2.2, and several slashes count as one. An encoded slash stays within its
/// segment. A slash at the end gives an empty segment.
fn normal(path: &str) -> Vec<String> {
    let mut segments: Vec<String> = Vec::new();
    let mut ends_with_slash = false;
    for segment in path.split('/') {
        let plain = percent_encoding::percent_decode_str(segment).decode_utf8();
        let plain = plain.unwrap_or(segment.into());
        ends_with_slash = matches!(&*plain, "" | "." | "..");
        if plain == ".." {
            segments.pop();
        } else if !ends_with_slash {
            segments.push(plain.into_owned());
        }
    }
    if ends_with_slash {
        segments.push(String::new());
    }
    segments
}

/// The segments of a path as lenient servers read them, for a comparison that ignores letter case.
///
/// An encoded slash or a backslash is a slash, what follows a `;` is no part of its segment (RFC 3986
/// section 3.3), and a slash or blanks at the end are dropped. `None` if a quick look shows that this
/// would be the same reading as [`normal`] gives.
fn loose(path: &str) -> Option<Vec<String>> {
    let other =
        |byte: u8| byte.is_ascii_uppercase() || byte <= b' ' || matches!(byte, b';' | b'\\');
    if is_normal(path) && !path.ends_with('/') && !path.bytes().any(other) {
        return None;
    }
    let plain = percent_encoding::percent_decode_str(path).decode_utf8();
    let path = plain.unwrap_or(path.into()).replace('\\', "/");
    let end = |c: char| c.is_whitespace() || c.is_control();
    let segments = path
        .trim_end_matches(end)
        .split('/')
        .map(|segment| segment.split(';').next().unwrap_or(segment));
    let mut segments = normal(&segments.collect::<Vec<_>>().join("/"));
    if segments.len() > 1 {
        segments.pop_if(|last| last.is_empty());
    }
    Some(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(id: &str, method: &str, route: &str) -> Page {
        Page {
            id: id.into(),
            title: id.into(),
            method: method.into(),
            route: route.into(),
            empty_below_bytes: 1,
            fields: vec![Field {
                name: "name".into(),
                form: Form::Plain,
            }],
        }
    }

    #[test]
    fn a_route_matches_its_segments_and_nothing_else() {
        let catalogue = Catalogue::new(vec![
            page("list", "GET", "/member/addresses"),
            page("edit", "GET", "/member/addresses/{address}/edit"),
        ]);
        assert_eq!(catalogue.find("GET", "/member/addresses"), Some(0));
        assert_eq!(catalogue.find("GET", "/member/addresses?page=2"), Some(0));
        assert_eq!(catalogue.find("GET", "/member/addresses/7/edit"), Some(1));
        assert_eq!(catalogue.find("GET", "/member/addresses/edit"), None);
        assert_eq!(catalogue.find("GET", "/member/addresses/7/edit/x"), None);
        assert_eq!(catalogue.find("HEAD", "/member/addresses"), None);
        assert_eq!(catalogue.find("get", "/member/addresses"), Some(0));
        assert!(catalogue.has("get") && !catalogue.has("POST"));
        assert_eq!(catalogue.find("GET", "/"), None);
    }

    #[test]
    fn a_page_is_found_in_any_spelling_that_servers_take_for_its_own() {
        let catalogue = Catalogue::new(vec![
            page("list", "GET", "/member/addresses"),
            page("edit", "GET", "/member/addresses/{address}/edit"),
            page("encoded", "GET", "/a%20b"),
            page("folder", "GET", "/folder/"),
            page("file", "GET", "/folder"),
            page("orders", "GET", "/orders"),
            page("of-user", "GET", "/users/{user}/{tab}"),
        ]);
        for (path, expected) in [
            ("//member///addresses", Some(0)),
            ("/member/%61ddresses?x=%2F", Some(0)),
            ("/member/%61ddresses%3Fx", None),
            ("/./member/x/../addresses", Some(0)),
            ("/../member/addresses", Some(0)),
            ("/member/addresses/7/%65dit", Some(1)),
            ("/member/addresses/a%2Fb/edit", Some(1)),
            ("/member/addresses//7/edit", Some(1)),
            ("/member/addresses//edit", None),
            ("/member/addresses/%ff/edit", Some(1)),
            ("/%6dember/%zzaddresses", None),
            ("/a%20b", Some(2)),
            ("/folder/", Some(3)),
            ("/folder", Some(4)),
            // What a placeholder stands for is no dot segment.
            ("/users/../orders", Some(5)),
            ("/users/%2e%2e/orders", Some(5)),
            ("/users/./orders", None),
            ("/users/7/orders", Some(6)),
            ("https://shop.example:443/member/addresses?x", Some(0)),
            ("https://shop.example/member//addresses/", Some(0)),
            ("https://shop.example", None),
            ("member/addresses", None),
            // As some servers read a path, where no page is spelled so.
            ("//member/addresses/", Some(0)),
            ("/member/addresses/.", Some(0)),
            ("/member%2Faddresses", Some(0)),
            ("/member;a=1/addresses;x", Some(0)),
            ("/Member/%41DDRESSES", Some(0)),
            ("/member/addresses/7/edit/", Some(1)),
            ("/member/addresses/7;v=1/edit", Some(1)),
            ("\\/member\\addresses", None),
            ("/member\\addresses", Some(0)),
            ("/member%5caddresses%3bx", Some(0)),
            ("/member/addresses ", Some(0)),
            ("/member/addresses\t", Some(0)),
            ("/member/addresses%20%20", Some(0)),
            ("/member/addresses%09%0d%0A%00", Some(0)),
            ("/member%20/addresses", None),
            ("/member/addresses%20/;x", None),
            ("/a%20b/", Some(2)),
            ("/member/ addresses", None),
            ("/member/addresses.json", None),
            ("/member/Addressess", None),
            ("/;", None),
            ("/%2F", None),
        ] {
            let found = catalogue.find("GET", path);
            assert_eq!(found, expected, "{path}");
        }
    }
}
