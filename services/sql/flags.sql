-- Flags, the gravest first.
SELECT *
FROM flags
WHERE ({rule:String} = '' OR rule = {rule:String})
    AND ({asset:String} = '' OR asset = {asset:String})
    AND ({party:String} = '' OR party = {party:String})
    AND NOT has({hidden:Array(String)}, rule)
    AND (empty({levels:Array(String)}) OR has({levels:Array(String)}, level))
ORDER BY indexOf(['critical', 'high', 'medium', 'low', 'informational'], level), events DESC, rule, id
LIMIT {limit:UInt32}
