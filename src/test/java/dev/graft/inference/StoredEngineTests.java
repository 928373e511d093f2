package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.Concurrent;
import dev.graft.inference.EngineSync.FoundModel;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** What is stored of an engine is read by servers of the previous release. */
@Concurrent
class StoredEngineTests {
  @Test
  void itsModelsKeepTheirNames() {
    String stored = "{\"name\":\"n\",\"department_id\":\"d\",\"model\":\"m\",\"status\":\"s\"}";
    assertThat(JsonMapper.shared().readValue(stored, FoundModel.class))
        .isEqualTo(new FoundModel("n", "d", "m", "s", null));
    assertThat(JsonMapper.shared().writeValueAsString(new FoundModel("n", "d", "m", "s", null)))
        .contains("\"department_id\":\"d\"");
  }
}
