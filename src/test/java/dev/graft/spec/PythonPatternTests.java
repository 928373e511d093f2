package dev.graft.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PythonPatternTests {
  @Test
  void matchesTheWholePathOnly() {
    PythonPattern pattern = new PythonPattern(".*\\.(q_proj|v_proj)");
    assertThat(pattern.matches("model.layers.0.self_attn.q_proj")).isTrue();
    assertThat(pattern.matches("model.layers.0.self_attn.q_proj.lora_A")).isFalse();
    assertThat(pattern.matches("q_proj")).isFalse();
  }

  @Test
  void aKeyOfAPatternMatchesAPathOrItsEndAfterADot() {
    PythonPattern pattern = PythonPattern.atEnd("layers\\.1\\.mlp\\.[a-z_]+");
    assertThat(pattern.matches("model.layers.1.mlp.down_proj")).isTrue();
    assertThat(pattern.matches("model.layers.11.mlp.down_proj")).isFalse();
    assertThat(PythonPattern.atEnd("proj").matches("q_proj")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "(",
        "a**",
        "(?P<n>a)",
        "(?i)a",
        "a\\Z",
        "\\Qa",
        "\\1",
        "\\pL",
        "[a[b]]",
        "[a&&b]",
        "[]a]",
        "a{,3}",
        "\\"
      })
  void whatPythonReadsDifferentlyIsRefused(String text) {
    assertThatThrownBy(() -> new PythonPattern(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void anExpressionThatTriesForeverIsStopped() {
    PythonPattern pattern = new PythonPattern("((a|a)*)*b");
    assertThatThrownBy(() -> pattern.matches("a".repeat(60)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("too long");
  }
}
