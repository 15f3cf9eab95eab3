"""What each table of the benchmarks says, in a sentence that is true of whatever came out."""

from __future__ import annotations


def fit(table):
    faster, error = table.loc[1, "times faster"], table["test MSE"]
    return (
        f"To reach a test error at least as low ({error[1]:.4f} against {error[0]:.4f}), the shift "
        f"network takes {faster:.0f} times less than the reference network with its 300 epochs."
        if error[1] <= error[0]
        else f"The shift network was {faster:.0f} times faster, but its test error was higher "
        f"({error[1]:.4f} against {error[0]:.4f}): the two are not of equal quality here."
    )


def distances(table):
    last = table[table["metric"] == "energy_distance"].iloc[-1]
    return (
        f"At {last['cells']} cells in {last['features']} dimensions the energy distance is "
        f"{last['times faster']:.1f} times as fast as the same formula from scikit-learn's "
        f"pairwise distances; the two values differ by {abs(last['difference']):.1g}. "
        "Purity asks scikit-learn for its neighbours, so there is nothing to gain."
    )


def growth(table):
    parts = []
    for metric, rows in table.groupby("metric", sort=False):
        last = rows.iloc[-1]
        parts.append(
            f"`{metric}`: exponent {last['exponent']:.2f}, {last['seconds']:.0f} s and "
            f"{last['extra MB']:.0f} MB more memory at {last['cells']:,} cells a side"
        )
    return "Seconds grow as a power of the number of cells. " + "; ".join(parts) + "."


def evaluators(table):
    if table.empty:
        return "Neither pertpy nor cell-eval was installed, so nothing was compared."
    slower = table[table["times faster"] < 1]
    if slower.empty:
        return "The numbers agree, and ours are computed sooner in every row."
    named = ", ".join(f"{r['scores']} of {r['package']}" for _, r in slower.iterrows())
    return f"The numbers agree. Theirs are computed sooner for: {named}."


def evaluate(table):
    row = table.iloc[0]
    return (
        f"{row['scores']:,.0f} scores of six models, two floors and a replicate on 100 "
        f"perturbations take {row['seconds']:.0f} s, of which fitting takes "
        f"{row['of them fitting']:.0f} s."
    )


def stream(table):
    rows = table.set_index("step")
    streamed, whole = rows.loc["streamed"], rows.loc["in memory"]
    return (
        f"A fit on {streamed['rows']:,.0f} rows from disk holds {streamed['peak MB']:,.0f} MB at "
        f"most, libraries included; in memory it holds {whole['peak MB']:,.0f} MB. It takes "
        f"{streamed['seconds'] / whole['seconds']:.2f} times as long, and its test error is "
        f"{streamed['test MSE']:.4f} against {whole['test MSE']:.4f}."
    )


def sweep(table):
    rows = table.set_index("how")
    return (
        f"Two workers are {rows.loc['2 workers', 'times faster']:.2f} times as fast as one. On one "
        f"worker a sweep takes {rows.loc['1 worker', 'overhead a run']:.2f} s a run longer than a "
        "plain loop over `run_notebook`, the start of the cluster included."
    )


def book(table):
    cold, warm = table["seconds"]
    return (
        f"A cold `make book` takes {cold / 60:.1f} minutes after installing, a warm one "
        f"{warm:.0f} seconds; the aims are {table['aim'][0] / 60:.0f} minutes and "
        f"{table['aim'][1]} seconds."
    )
