package dev.graft.jobs;

import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Shows the rows that a job would train on, before it is submitted. */
@RestController
class PreviewController {
  private static final int SHOWN = 3;
  private static final int MOST = 20;

  private final SubmitJob submitJob;
  private final RowInspection rows;
  private final JsonMapper json;

  PreviewController(SubmitJob submitJob, RowInspection rows, JsonMapper json) {
    this.submitJob = submitJob;
    this.rows = rows;
    this.json = json;
  }

  /** Takes the body of a job, with {@code rows} (1 to 20); stores nothing. */
  @PostMapping("/v1/fine_tuning/preview")
  ObjectNode preview(@AuthenticationPrincipal Caller caller, @RequestBody byte[] body) {
    JsonNode request = json.readTree(body);
    int count = count(request);
    SubmitJob.CheckedJob checked = submitJob.check(caller, request);
    ObjectNode preview = json.createObjectNode().put("object", "fine_tuning.preview");
    preview.put("model", checked.base().name()).put("training_file", checked.training().id());
    preview.putArray("data").addAll(rows.preview(checked, count));
    return preview;
  }

  /** Reads and removes the one key that jobs do not have. */
  private static int count(JsonNode request) {
    if (!(request instanceof ObjectNode object)) return SHOWN;
    JsonNode rows = object.remove("rows");
    if (rows == null || rows.isNull()) return SHOWN;
    if (rows.isIntegralNumber() && rows.canConvertToInt()) {
      int count = rows.intValue();
      if (count >= 1 && count <= MOST) return count;
    }
    throw RequestFailed.invalid("rows", "must be a whole number from 1 to " + MOST);
  }
}
