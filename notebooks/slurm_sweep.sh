#!/bin/bash
# A sweep on a Slurm cluster, called in a clone: sbatch notebooks/slurm_sweep.sh SWEEP.yml OUT
#
# One job holds all workers. When its time is up, or a node dies, give the same command again: what
# has finished is kept. Every node needs the same environment; only the first writes into OUT.
#SBATCH --job-name=metalearn-lab-sweep
#SBATCH --output=sweep-%j.log
#SBATCH --ntasks=16
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=4G
#SBATCH --time=04:00:00
set -euo pipefail

source .venv/bin/activate
# A port of its own, since another job may share the node.
address="tcp://$(hostname -f):$((20000 + SLURM_JOB_ID % 20000))"

dask scheduler --host "$address" --no-dashboard &
srun dask worker "$address" --nthreads 1 --no-dashboard --death-timeout 120 &
trap 'kill $(jobs -p)' EXIT

metalearn-lab sweep "$1" --out "$2" --scheduler "$address"
