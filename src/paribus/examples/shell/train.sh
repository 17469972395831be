#!/bin/sh
# Logistic regression in awk: which of two irises is it? sh train.sh SEED AVERAGE OUT
set -eu
cd "$(dirname "$0")"
awk -F, -v seed="$1" -v average="$2" '
function random() {  # from 0 to 1, the same in every awk (Park and Miller)
    state = (state * 48271) % 2147483647
    return state / 2147483647
}
function predicted(row, weights,    sum, j) {
    sum = weights[0]
    for (j = 1; j <= 4; j++) sum += weights[j] * x[row, j]
    return 1 / (1 + exp(-sum))
}
NR > 1 {
    rows++
    for (j = 1; j <= 4; j++) x[rows, j] = $j - 4
    y[rows] = ($5 == "virginica")
}
END {
    state = 1 + seed * 7919
    for (i = 1; i <= rows; i++) order[i] = i
    for (i = rows; i > 1; i--) {  # of the shuffled rows, the first 60 train
        j = 1 + int(random() * i)
        keep = order[i]; order[i] = order[j]; order[j] = keep
    }
    for (step = 1; step <= 6000; step++) {
        row = order[1 + int(random() * 60)]
        error = y[row] - predicted(row, w)
        for (j = 0; j <= 4; j++) {
            w[j] += 0.1 * error * (j ? x[row, j] : 1)
            mean[j] += (w[j] - mean[j]) / step
        }
    }
    for (i = 61; i <= rows; i++) {
        p = average ? predicted(order[i], mean) : predicted(order[i], w)
        loss -= log(y[order[i]] ? p : 1 - p) / (rows - 60)
    }
    printf "{\"test_loss\": %.6f}\n", loss
}' iris.csv > "$3/metrics.json"
