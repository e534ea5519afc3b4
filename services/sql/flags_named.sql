-- Flags whose id begins like this; two are enough to know that there are several.
SELECT * FROM flags WHERE startsWith(id, {name:String}) AND NOT has({hidden:Array(String)}, rule) LIMIT 2
