-- title: People by region
-- question: How many people of each region are affected?
-- unit: person, account
-- columns: region, people and accounts at least probable, at least possible
-- order: most people first, region
SELECT region,
       COUNT(DISTINCT CASE WHEN bound_rank <= 2 THEN person END) AS probable_person_count,
       COUNT(DISTINCT person) AS possible_person_count,
       COUNT(*) FILTER (WHERE bound_rank <= 2) AS probable_account_count,
       COUNT(*) AS possible_account_count
FROM affected_accounts
GROUP BY region
ORDER BY possible_person_count DESC, region
