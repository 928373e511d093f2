package dev.graft.webhooks;

import java.time.Instant;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What an endpoint is told: OpenAI's event.
 *
 * @param id by which a receiver knows what it has already
 * @param jobId the job's id, or the alias's name
 */
record WebhookEvent(String id, WebhookEventType type, String jobId, Instant createdAt) {
  /** The same bytes whenever it is sent. */
  String body() {
    ObjectNode event = JsonMapper.shared().createObjectNode();
    event.put("id", id).put("object", "event").put("created_at", createdAt.getEpochSecond());
    event.put("type", type.wireName()).putObject("data").put("id", jobId);
    return event.toString();
  }
}
