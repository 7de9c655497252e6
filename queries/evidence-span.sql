-- title: Span of the evidence
-- question: From when to when does each source have requests?
-- unit: line
-- columns: source, tier, lines, first and last time
-- order: source, tier
SELECT e.source, r.tier, COUNT(*) AS line_count, MIN(r.event_time) AS first_seen, MAX(r.event_time) AS last_seen
FROM requests AS r
JOIN evidence AS e ON r.evidence_id = e.evidence_id
GROUP BY e.source, r.tier
ORDER BY e.source, r.tier
