"""Half a year of a model, for a look at what the monitoring pages say: made up, stored as real answers are.

`people` makes up whom it is about, `plan` when who asks, `versions` two versions and their ledger, `answering`,
`telling` and `files` the rows, `loading` does it all a day at a time, `offer` says how far it has come.
"""
