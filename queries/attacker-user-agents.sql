-- title: What the attacker's clients called themselves
-- question: Which user agents came with forged tokens, and do customers have them, too?
-- unit: request, address
-- columns: user agent, forged requests and addresses, honest requests
-- order: most forged requests first
SELECT user_agent,
       COUNT(*) FILTER (WHERE verdict IN ('forged', 'stolen')) AS attacker_request_count,
       COUNT(DISTINCT CASE WHEN verdict IN ('forged', 'stolen') THEN source_ip END) AS attacker_address_count,
       COUNT(*) FILTER (WHERE verdict = 'legitimate') AS honest_request_count
FROM accesses
GROUP BY user_agent
HAVING COUNT(*) FILTER (WHERE verdict IN ('forged', 'stolen')) > 0
ORDER BY attacker_request_count DESC, user_agent
