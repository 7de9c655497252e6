-- title: Headline figures recounted
-- question: Do views and accounts by page, counted from `requests` in SQL alone, agree with the figures?
-- unit: view, account
-- columns: page, views and accounts, confirmed and probable; compare them with the figures page.<page>.views and .accounts
-- order: page
WITH uses AS (
  SELECT DISTINCT r.request_id, r.page, r.body_bytes, r.token_subject
  FROM requests AS r
  JOIN tokens AS t
    ON r.token_id = t.token_id AND r.token_subject = t.token_subject AND r.key_id = t.key_id
  WHERE t.verdict = 'forged' AND r.tier = 'gateway' AND r.status >= 200 AND r.status < 300
    AND r.page IS NOT NULL
),
thresholds AS (SELECT DISTINCT page, empty_below_bytes FROM pages),
seen AS (
  SELECT u.page, u.token_subject AS account, a.item_count
  FROM uses AS u
  JOIN thresholds AS p ON u.page = p.page
  LEFT JOIN app_events AS a ON u.request_id = a.request_id
  WHERE a.item_count > 0 OR (a.item_count IS NULL AND u.body_bytes >= p.empty_below_bytes)
),
confirmed AS (
  SELECT page, COUNT(*) AS confirmed_views, COUNT(DISTINCT account) AS confirmed_accounts
  FROM seen WHERE item_count > 0 GROUP BY page
),
probable AS (
  SELECT page, COUNT(*) AS probable_views, COUNT(DISTINCT account) AS probable_accounts
  FROM seen GROUP BY page
)
SELECT p.page, c.confirmed_views, p.probable_views, c.confirmed_accounts, p.probable_accounts
FROM probable AS p
LEFT JOIN confirmed AS c ON p.page = c.page
ORDER BY p.page
