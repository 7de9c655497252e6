# One log for each format.
cd "$(dirname "$0")"
sed -n 1p container.log > json.log
sed -n 2p container.log > text.log
rm container.log
