{{- define "graft.labels" -}}
app.kubernetes.io/name: graft
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* An image of values such as .Values.worker.image, with what they leave out from .Values.image. */}}
{{- define "graft.image" -}}
{{- $of := .of | default dict -}}
{{- $repository := $of.repository | default .root.Values.image.repository -}}
{{- $own := or $of.repository $of.tag $of.digest -}}
{{- $digest := ternary $of.digest .root.Values.image.digest (not (empty $own)) -}}
{{- if $digest -}}
{{ $repository }}@{{ $digest }}
{{- else -}}
{{ $repository }}:{{ $of.tag | default .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "graft.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "graft.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: ["ALL"]
{{- end -}}

{{- define "graft.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary .Release.Name "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "graft.serverUrl" -}}
{{ .Values.server.scheme }}://{{ .Release.Name }}-server:{{ .Values.service.port }}
{{- end -}}

{{/* A probe that the server answers on the port of its API. */}}
{{- define "graft.probe" -}}
path: {{ .path }}
port: http
scheme: {{ upper .root.Values.server.scheme }}
{{- end -}}

{{/* What the pods of all workloads have. */}}
{{- define "graft.pod" -}}
automountServiceAccountToken: false
serviceAccountName: {{ include "graft.serviceAccount" . }}
securityContext: {{- include "graft.podSecurity" . | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Where pods run: of values such as .Values.server, and the labels that select the workload's pods. */}}
{{- define "graft.placement" -}}
{{- with .of.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .of.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .of.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .of.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- $labels := .labels }}
{{- with .of.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{- toYaml (merge (deepCopy .) (dict "labelSelector" (dict "matchLabels" $labels))) | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* A ConfigMap of properties. */}}
{{- define "graft.configMap" -}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .name }}
  labels: {{- include "graft.labels" .root | nindent 4 }}
data:
  application.yml: |
    {{- toYaml .config | nindent 4 }}
{{- end -}}

{{- define "graft.claim" -}}
accessModes: {{- toYaml .accessModes | nindent 2 }}
{{- with .className }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests:
    storage: {{ .size }}
{{- end -}}
