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
address="tls://$(hostname -f):$((20000 + SLURM_JOB_ID % 20000))"

# A worker does what it is told, so only holders of this job's key may talk to one. It lies here
# because every node sees this folder.
umask 077
key="$(mktemp -d "$PWD/.sweep-key-XXXXXX")"
trap 'kill $(jobs -p); rm -r "$key"' EXIT
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=sweep -days 30 \
  -keyout "$key/own" -out "$key/own" 2>"$key/said" || { cat "$key/said" >&2; exit 1; }
export DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION=true DASK_DISTRIBUTED__COMM__TLS__CA_FILE="$key/own"
for who in SCHEDULER WORKER CLIENT; do
  export "DASK_DISTRIBUTED__COMM__TLS__${who}__CERT=$key/own"
done

dask scheduler --host "$address" --no-dashboard &
srun dask worker "$address" --nthreads 1 --no-dashboard --death-timeout 120 &

metalearn-lab sweep "$1" --out "$2" --scheduler "$address"
