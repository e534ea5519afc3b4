-- Events of the given ranges; of all, if none is given.
SELECT sum(events) AS events FROM range_rows WHERE empty({ids:Array(String)}) OR has({ids:Array(String)}, id)
