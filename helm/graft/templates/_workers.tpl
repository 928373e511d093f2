{{/* `over` on `base`, key by key; null takes a key away. As YAML. (sprig's mergeOverwrite leaves out false and 0.) */}}
{{- define "graft.merged" -}}
{{- $merged := deepCopy .base -}}
{{- range $key, $value := .over -}}
{{- $before := get $merged $key -}}
{{- if kindIs "invalid" $value -}}
{{- $_ := unset $merged $key -}}
{{- else if and (kindIs "map" $value) (kindIs "map" $before) -}}
{{- $_ := set $merged $key (include "graft.merged" (dict "base" $before "over" $value) | fromYaml) -}}
{{- else -}}
{{- $_ := set $merged $key $value -}}
{{- end -}}
{{- end -}}
{{- toYaml $merged -}}
{{- end -}}

{{/* Every set of workers by its component, such as `worker` and `worker-a100`, with all of its values. As YAML. */}}
{{- define "graft.workers" -}}
{{- $sets := dict -}}
{{- if .Values.worker.enabled -}}
{{- $_ := set $sets "worker" .Values.worker -}}
{{- end -}}
{{- range $name, $over := .Values.workers -}}
{{- $own := merge (dict "existingSecret" (($over | default dict).existingSecret | default (printf "graft-join-token-%s" $name))) ($over | default dict) -}}
{{- $_ := set $sets (printf "worker-%s" $name) (include "graft.merged" (dict "base" $.Values.worker "over" $own) | fromYaml) -}}
{{- end -}}
{{- toYaml $sets -}}
{{- end -}}

{{- define "graft.checkWorkers" -}}
{{- $of := .of -}}
{{- if le (int $of.terminationGracePeriodSeconds) (int $of.drainGraceSeconds) -}}
{{- fail (printf "%s: terminationGracePeriodSeconds (%d) must be longer than drainGraceSeconds (%d), or a stop loses the step under way" .component (int $of.terminationGracePeriodSeconds) (int $of.drainGraceSeconds)) -}}
{{- end -}}
{{- if and $of.storage.enabled $of.storage.existingClaim (or $of.autoscaling.enabled (gt (int $of.replicas) 1)) -}}
{{- fail (printf "%s: storage.existingClaim is the volume of one worker; leave it empty, or set replicas to 1 without autoscaling" .component) -}}
{{- end -}}
{{- with $of.autoscaling -}}
{{- if .enabled -}}
{{- if gt (int .minReplicas) (int .maxReplicas) -}}
{{- fail (printf "%s: autoscaling.minReplicas is larger than maxReplicas" $.component) -}}
{{- end -}}
{{- if and (eq .trigger "prometheus") (not .prometheus.serverAddress) -}}
{{- fail (printf "%s: autoscaling by prometheus needs autoscaling.prometheus.serverAddress" $.component) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* One set: StatefulSet, and what goes with it. */}}
{{- define "graft.workerSet" -}}
{{- $of := .of }}
{{- $name := printf "%s-%s" .root.Release.Name .component }}
{{- $labels := dict "app.kubernetes.io/instance" .root.Release.Name "app.kubernetes.io/component" .component }}
{{- include "graft.checkWorkers" . }}
{{- with $of.config }}
{{ include "graft.configMap" (dict "root" $.root "name" $name "config" .) }}
{{- end }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $name }}
  labels: {{- include "graft.labels" .root | nindent 4 }}
spec:
  {{- if not $of.autoscaling.enabled }}
  replicas: {{ $of.replicas }}
  {{- end }}
  serviceName: {{ $name }}
  podManagementPolicy: Parallel
  selector:
    matchLabels: {{- toYaml $labels | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "graft.labels" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
        {{- with $of.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- if or $of.config $of.podAnnotations }}
      annotations:
        {{- with $of.config }}
        checksum/config: {{ toYaml . | sha256sum }}
        {{- end }}
        {{- with $of.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
    spec:
      {{- include "graft.pod" .root | nindent 6 }}
      {{- with $of.runtimeClassName }}
      runtimeClassName: {{ . }}
      {{- end }}
      terminationGracePeriodSeconds: {{ $of.terminationGracePeriodSeconds }}
      containers:
        - name: worker
          image: {{ include "graft.image" (dict "root" .root "of" $of.image) }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          args:
            - serve
            - --role=worker
            - --server={{ $of.serverUrl | default (include "graft.serverUrl" .root) }}
            - --join-token-file=/etc/graft/join/token
            - --data-dir=/data
          env:
            - {name: GRAFT_DATA_DIR, value: /data}
            - {name: GRAFT_WORKER_DRAINGRACE, value: {{ printf "%ds" (int $of.drainGraceSeconds) }}}
            {{- with $of.class }}
            - {name: GRAFT_WORKER_CLASS, value: {{ . | quote }}}
            {{- end }}
            {{- if $of.dedicated }}
            - {name: GRAFT_WORKER_DEDICATED, value: "true"}
            {{- end }}
            {{- if $of.config }}
            - {name: SPRING_CONFIG_ADDITIONAL_LOCATION, value: "file:/etc/graft/config/application.yml"}
            {{- end }}
            {{- with $of.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          {{- with $of.extraEnvFrom }}
          envFrom: {{- toYaml . | nindent 12 }}
          {{- end }}
          resources: {{- toYaml $of.resources | nindent 12 }}
          securityContext: {{- include "graft.containerSecurity" .root | nindent 12 }}
          volumeMounts:
            - {name: data, mountPath: /data}
            - {name: tmp, mountPath: /tmp}
            - {name: join, mountPath: /etc/graft/join, readOnly: true}
            {{- if $of.config }}
            - {name: config, mountPath: /etc/graft/config, readOnly: true}
            {{- end }}
            {{- with $of.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir: {}
        - name: join
          secret: {secretName: {{ $of.existingSecret }}, items: [{key: token, path: token}]}
        {{- if not $of.storage.enabled }}
        - name: data
          emptyDir: {sizeLimit: {{ $of.storage.size }}}
        {{- else if $of.storage.existingClaim }}
        - name: data
          persistentVolumeClaim: {claimName: {{ $of.storage.existingClaim }}}
        {{- end }}
        {{- if $of.config }}
        - name: config
          configMap: {name: {{ $name }}}
        {{- end }}
        {{- with $of.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with include "graft.placement" (dict "of" $of "labels" $labels) | trim }}
      {{- . | nindent 6 }}
      {{- end }}
  {{- if and $of.storage.enabled (not $of.storage.existingClaim) }}
  volumeClaimTemplates:
    - metadata:
        name: data
      spec: {{- include "graft.claim" $of.storage | nindent 8 }}
  {{- end }}
{{- if $of.podDisruptionBudget.enabled }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
  labels: {{- include "graft.labels" .root | nindent 4 }}
spec:
  maxUnavailable: {{ $of.podDisruptionBudget.maxUnavailable }}
  selector:
    matchLabels: {{- toYaml $labels | nindent 6 }}
{{- end }}
{{- if $of.autoscaling.enabled }}
{{ include "graft.scaledObject" (dict "root" .root "name" $name "of" $of) }}
{{- end }}
{{- end -}}
