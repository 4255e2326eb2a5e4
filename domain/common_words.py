"""English words that every tokenizer has whole, when a blank comes before them.

The ones that summaries of calls are made of. Checked one by one with cl100k_base and o200k_base, November 2026.
"""

_WRITTEN = """
a about address after afternoon again agent agreed all also always am an and another answer any appointment are around
as asked asking at available back be because been before being best better both business but buy by call called
calling calls can care change check come company confirmed contact contract conversation cost could current customer
date day days decided details did different discuss do does done down due during each either email end evening ever
every explained few find first for found free from full gave get getting give given go going good got had happy has
have having he help her here him his home house how however husband if in information installation interest interested
into is it its job just keep know last later least left let like little long look looking made make many may me
meeting mentioned message might money month months more morning most much my name need needed needs never new next no
not nothing now number of off offer offered office old on once one only open or order other our out over own pay
people person phone place plan plans please possible premium price problem promised provided question questions quote
ready really received requested right said same schedule see send sent service she should since so some something soon
speak still such sure take talk team tell than thank thanks that the their them then there these they thing things
think this those time times to today told tomorrow too under until up us use using very want wanted wants was way we
week weeks well were what when where whether which while who why wife will with without work working would year years
yes yet you your
"""

COMMON_WORDS = frozenset(_WRITTEN.split())
