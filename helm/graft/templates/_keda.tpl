{{/* Host, port and name of the database for KEDA, from database.url where they are not said. As YAML. */}}
{{- define "graft.databaseAddress" -}}
{{- $said := .of.autoscaling.postgresql -}}
{{- $url := regexReplaceAll "^jdbc:postgresql://" .root.Values.database.url "" -}}
{{- $first := regexFind "^[^,/?]+" $url -}}
{{- $host := $said.host | default (regexReplaceAll ":[0-9]+$" $first "") -}}
{{- $database := $said.database | default (regexReplaceAll "^[^/]*/?|[?].*$" $url "") -}}
{{- if or (not $host) (not $database) -}}
{{- fail "autoscaling by postgresql cannot read host and database from database.url: set autoscaling.postgresql.host and .database" -}}
{{- end -}}
{{- toYaml (dict "host" $host "port" ($said.port | default (trimPrefix ":" (regexFind ":[0-9]+$" $first)) | default "5432" | toString) "dbName" $database "sslmode" $said.sslMode) -}}
{{- end -}}

{{- define "graft.queueDepth" -}}
{{- $class := .of.class | default "default" -}}
{{- $classes := ternary (list $class) (list "" $class) (not (empty .of.dedicated)) -}}
{{- $kinds := dict "" "0, 1, 2" "cpu" "0, 1" "cuda" "0, 2" -}}
{{- .root.Files.Get "files/queue-depth.sql" | replace "@classes@" (printf "'%s'" (join "', '" $classes)) | replace "@class@" $class | replace "@kinds@" (get $kinds .of.autoscaling.device) | trim -}}
{{- end -}}

{{/* Every server tells the same of the queue. */}}
{{- define "graft.queueMetric" -}}
{{- $class := .of.class | default "default" -}}
{{- $asked := ternary $class (printf "any|%s" $class) (not (empty .of.dedicated)) -}}
sum(max by (department, worker_class) (graft_jobs_pending{worker_class=~"{{ $asked }}"}) or vector(0)) + sum(max by (department, worker_class) (graft_jobs_running{worker_class="{{ $class }}"}) or vector(0))
{{- end -}}

{{- define "graft.scaledObject" -}}
{{- $scaling := .of.autoscaling -}}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ .name }}
  labels: {{- include "graft.labels" .root | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: {{ .name }}}
  minReplicaCount: {{ $scaling.minReplicas }}
  maxReplicaCount: {{ $scaling.maxReplicas }}
  pollingInterval: {{ $scaling.pollingInterval }}
  cooldownPeriod: {{ $scaling.cooldownPeriod }}
  triggers:
    {{- if eq $scaling.trigger "postgresql" }}
    - type: postgresql
      metadata:
        {{- include "graft.databaseAddress" . | nindent 8 }}
        targetQueryValue: {{ $scaling.jobsPerWorker | quote }}
        query: |
          {{- include "graft.queueDepth" . | nindent 10 }}
      authenticationRef: {name: {{ .name }}}
    {{- else }}
    - type: prometheus
      metadata:
        serverAddress: {{ $scaling.prometheus.serverAddress | quote }}
        threshold: {{ $scaling.jobsPerWorker | quote }}
        query: {{ $scaling.prometheus.query | default (include "graft.queueMetric" .) | quote }}
    {{- end }}
{{- if eq $scaling.trigger "postgresql" }}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  name: {{ .name }}
  labels: {{- include "graft.labels" .root | nindent 4 }}
spec:
  secretTargetRef:
    - {parameter: userName, name: {{ .root.Values.database.existingSecret }}, key: {{ .root.Values.database.usernameKey }}}
    - {parameter: password, name: {{ .root.Values.database.existingSecret }}, key: {{ .root.Values.database.passwordKey }}}
{{- end }}
{{- end -}}
