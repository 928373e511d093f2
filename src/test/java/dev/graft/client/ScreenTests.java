package dev.graft.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ScreenTests {
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();

  @Test
  void aLineThatIsRewrittenEndsAtTheEdgeOfTheTerminal() {
    screen(true).doing("training", "queued  It is next.");
    assertThat(text()).startsWith("\r\033[2K\033[?7l").endsWith("It is next.\033[?7h");
  }

  @Test
  void elsewhereEveryStateIsALineWithoutEscapes() {
    screen(false).doing("training", "queued  It is next.");
    assertThat(text()).isEqualTo("  • training    queued  It is next.\n");
  }

  private Screen screen(boolean terminal) {
    PrintStream print = new PrintStream(written, true, StandardCharsets.UTF_8);
    return new Screen(print, print, terminal);
  }

  private String text() {
    return written.toString(StandardCharsets.UTF_8);
  }
}
