{{/* The labels of every object of this release. */}}
{{- define "reelmill.selector" -}}
app.kubernetes.io/name: reelmill
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "reelmill.labels" -}}
{{ include "reelmill.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end }}

{{- define "reelmill.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* The stages of each role's workers, as in the code (services/ROLE: STAGE). JSON. */}}
{{- define "reelmill.stages" -}}
{{- get (dict "upload" (list) "desk" (list) "probe" (list "probe" "screen") "transcode" (list "transcode" "assemble") "publish" (list "publish")) . | toJson }}
{{- end }}

{{/* Pod security "restricted". The media child sandboxes itself with rlimits, Landlock and a seccomp filter of its own, none of which
     needs a privilege: RuntimeDefault allows landlock_*, seccomp and close_range (containerd 1.6, Docker 23, CRI-O 1.25 on). */}}
{{- define "reelmill.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "reelmill.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* One variable from a Secret: list of variable, Secret, key. */}}
{{- define "reelmill.secretEnv" -}}
- name: {{ index . 0 }}
  valueFrom: { secretKeyRef: { name: {{ index . 1 | quote }}, key: {{ index . 2 | quote }} } }
{{- end }}

{{/* AMQP_URL: complete, or composed from the Secret of RabbitMQ's operator. */}}
{{- define "reelmill.brokerEnv" -}}
{{- if .operatorUser }}
{{ include "reelmill.secretEnv" (list "BROKER_USERNAME" .operatorUser "username") }}
{{ include "reelmill.secretEnv" (list "BROKER_PASSWORD" .operatorUser "password") }}
{{ include "reelmill.secretEnv" (list "BROKER_HOST" .operatorUser "host") }}
{{ include "reelmill.secretEnv" (list "BROKER_PORT" .operatorUser "port") }}
- { name: AMQP_URL, value: "{{ ternary "amqps" "amqp" .tls }}://$(BROKER_USERNAME):$(BROKER_PASSWORD)@$(BROKER_HOST):$(BROKER_PORT)/%2f" }
{{- else }}
{{ include "reelmill.secretEnv" (list "AMQP_URL" .name .key) }}
{{- end }}
{{- end }}

{{/* "true" if this role receives requests from people or partners: list of what it serves. Such a replica is behind a proxy and is removed from its balancer first. */}}
{{- define "reelmill.called" -}}
{{- include "reelmill.any" (list . (list "upload" "desk" "publish")) }}
{{- end }}

{{/* "true" if a list has any of others: list of two lists. */}}
{{- define "reelmill.any" -}}
{{- $these := index . 0 }}{{- $found := false }}
{{- range index . 1 }}{{- if has . $these }}{{- $found = true }}{{- end }}{{- end }}
{{- if $found }}true{{- end }}
{{- end }}
