#!/bin/sh
# Trains the package's reader from the beginning, from the root of the repository. Run it again after a stop: it goes on where it was.
#
#     sh evals/reader/recipe.sh QA XQUAD runs/reader
#
# Each part has a folder of its own. Its first stage finds no checkpoint there of the stage before, so that it begins with the
# package's weights, which are the average that the part before has written.
set -eu
qa=$1 xquad=$2 runs=$3

train() { python -m evals.reader.train "$@" --qa "$qa" --xquad "$xquad" --out "$runs/$part"; }
twice() { train "$@"; train "$@" --seed 8; }
average() { python -m evals.reader.export $(printf "$runs/$part/%s " "$@"); }

part=1
for stage in general domain compare; do train $stage; done
for stage in longer paired subjects disputed; do twice $stage; done
average disputed.pt disputed-8.pt

part=2
twice siblings --rank 64
average siblings.pt siblings-8.pt

part=3
twice series --rank 64
train trios --rank 64
average trios.pt trios.pt series.pt series-8.pt # trios and series count alike

part=4
train opened --rank 64
twice loose --rank 64
average loose.pt loose-8.pt

part=5
for seed in 9 10; do train mixed --rank 64 --seed $seed; done
average mixed-9.pt mixed-10.pt

part=6
train across --rank 64 --seed 12
train parallel --rank 64 --seed 11
average across-12.pt parallel-11.pt
