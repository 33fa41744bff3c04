// Checks custom resources (KEDA's, Prometheus' operator's) with the validators generated from their definitions. Reads
// a JSON list of objects from stdin; prints each error on a line of stdout.
import { readFileSync } from 'node:fs'
import { ScaledObject, TriggerAuthentication } from '@kubernetes-models/keda/keda.sh/v1alpha1'
import { PrometheusRule, ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1'

const models = [ScaledObject, TriggerAuthentication, PrometheusRule, ServiceMonitor]
for (const resource of JSON.parse(readFileSync(0, 'utf8'))) {
  const model = models.find((it) => it.kind === resource.kind && it.apiVersion === resource.apiVersion)
  if (!model) {
    console.log(`${resource.apiVersion} ${resource.kind} is unknown`)
    continue
  }
  try {
    new model(resource).validate()
  } catch (error) {
    console.log(`${resource.kind} ${resource.metadata.name}: ${error.message}`)
  }
}
