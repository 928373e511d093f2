package dev.graft.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConnectionTests {
  private static final Optional<Login> KEPT = Optional.of(Login.withKey("http://kept", "kept-key"));

  @Test
  void aKeyOfTheEnvironmentGoesBeforeTheKeptOne() {
    assertThat(Connection.resolve(null, Map.of("GRAFT_API_KEY", "mine"), KEPT))
        .isEqualTo(Login.withKey("http://kept", "mine"));
    assertThat(Connection.resolve("http://kept/v1", Map.of("GRAFT_API_KEY", "mine"), KEPT).key())
        .isEqualTo("mine");
  }

  @Test
  void anEmptyVariableIsNone() {
    assertThat(Connection.resolve(null, Map.of("GRAFT_API_KEY", "", "GRAFT_SERVER", " "), KEPT))
        .isEqualTo(KEPT.orElseThrow());
  }

  @Test
  void aServerOfTheEnvironmentGoesBeforeTheKeptOneAndGetsNoKeyOfAnother() {
    assertThat(Connection.resolve(null, Map.of("GRAFT_SERVER", "http://kept/"), KEPT).key())
        .isEqualTo("kept-key");
    assertThatExceptionOfType(Connection.NoKey.class)
        .isThrownBy(() -> Connection.resolve(null, Map.of("GRAFT_SERVER", "http://other"), KEPT))
        .withMessageContaining("http://other");
  }

  @Test
  void aKeyOfOpenAiIsNotSentToTheKeptServer() {
    assertThat(Connection.resolve(null, Map.of("OPENAI_API_KEY", "sk-1"), KEPT).key())
        .isEqualTo("kept-key");
    assertThat(
            Connection.resolve(
                    null, Map.of("OPENAI_BASE_URL", "http://x", "OPENAI_API_KEY", "sk-1"), KEPT)
                .key())
        .isEqualTo("sk-1");
  }
}
