//! The one list of all log formats.
//!
//! Every other part of the program asks this list and names no format itself.

use super::{
    LogFormat, akamai, alb, apache, api_gateway, auth0, caddy, cloudflare, cloudfront, cloudtrail,
    combined, common, csv, elb_classic, entra, envoy, envoy_json, haproxy, jsonl, keycloak,
    keycloak_text, kong, nginx, okta, parquet, s3, traefik, traefik_text, tsv, vhost_combined, w3c,
};

/// All formats. `detect` takes the first one that reads a file, so those with a mark of their own come first.
pub static ALL: &[&LogFormat] = &[
    &parquet::FORMAT,
    &cloudtrail::FORMAT,
    &keycloak::FORMAT,
    &keycloak_text::FORMAT,
    &okta::FORMAT,
    &auth0::FORMAT,
    &entra::FORMAT,
    &cloudflare::FORMAT,
    &akamai::FORMAT,
    &kong::FORMAT,
    &caddy::FORMAT,
    &traefik::FORMAT,
    &api_gateway::FORMAT,
    &envoy_json::FORMAT,
    &cloudfront::FORMAT,
    &w3c::FORMAT,
    &alb::FORMAT,
    &elb_classic::FORMAT,
    &s3::FORMAT,
    &haproxy::FORMAT,
    &envoy::FORMAT,
    &traefik_text::FORMAT,
    &vhost_combined::FORMAT,
    &combined::FORMAT,
    &common::FORMAT,
    &nginx::FORMAT,
    &apache::FORMAT,
    &jsonl::FORMAT,
    &tsv::FORMAT,
    &tsv::UNQUOTED,
    &csv::FORMAT,
    &csv::SEMICOLON,
    &csv::BACKSLASH,
];

/// Returns the format of this name.
pub fn find(name: &str) -> Option<&'static LogFormat> {
    ALL.iter().copied().find(|format| format.name == name)
}

/// Returns the format of a table that was read with the wrong separator, for a hint.
///
/// Its header is then in one piece, or in few. The right separator stands beside `name`, a column that the
/// case file maps and the header does not seem to have.
pub(crate) fn separated(name: &str, fields: &[String]) -> Option<&'static str> {
    [(',', "csv"), (';', "csv_semicolon"), ('\t', "tsv")]
        .into_iter()
        .find(|(separator, _)| {
            let parts = |field: &String| {
                let mut parts = field
                    .split(*separator)
                    .map(|part| part.trim().trim_matches('"'));
                field.contains(*separator) && parts.any(|part| part == name)
            };
            fields.iter().any(parts)
        })
        .map(|(_, format)| format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_in_one_piece_tells_its_format() {
        let of = |header: &str| separated("ip", &[header.to_string()]);
        assert_eq!(of("t;\"ip\";path"), Some("csv_semicolon"));
        assert_eq!(of("t\tip"), Some("tsv"));
        assert_eq!(of("t,ip"), Some("csv"));
        assert_eq!(of("ip"), None);
        assert_eq!(of("t;ips"), None);
    }
}
