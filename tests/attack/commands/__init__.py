"""Jobs of every command: each function makes one at random, its files included."""
from . import elements, grouped, joined, numbers, ordered, plans, streams

SMALL = [numbers.stats, numbers.one_file, numbers.one_file, numbers.two_files, elements.map_, elements.map_, elements.select,
         elements.scan, elements.generate, ordered.sort, ordered.sort, ordered.topk, ordered.quantile, ordered.unique, grouped.groupby,
         grouped.groupby, grouped.histogram, grouped.histogram, joined.lookup, joined.join, streams.stream,
         plans.contiguous, plans.by_costs, plans.in_turns, plans.hashed, plans.by_tasks]
LARGE = [ordered.large_sort, ordered.large_unique, grouped.large_groupby, grouped.large_groupby, joined.large_lookup]
WRITING = [elements.map_, elements.select, elements.scan, elements.generate, ordered.sort, ordered.unique, grouped.groupby, grouped.histogram,
           joined.lookup, streams.stream]
READING = [numbers.stats, numbers.one_file, numbers.two_files, ordered.topk, ordered.quantile, plans.contiguous, plans.by_costs]
READING_FILES = [make for make in READING if make not in (plans.contiguous, plans.by_costs)]
WRITING_FROM_FILES = [make for make in WRITING if make is not elements.generate]
