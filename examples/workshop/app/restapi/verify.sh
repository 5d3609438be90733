# Runs after the deploy, with the instance's outputs in the environment.
case $SLSFLOW_OUTPUT_restapi_url in
  https://*/submit) echo "ok: $SLSFLOW_OUTPUT_restapi_url" ;;
  *) echo "not ok: the API was published at '$SLSFLOW_OUTPUT_restapi_url'"; exit 1 ;;
esac
