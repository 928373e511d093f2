package dev.graft.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AskedCommandTests {
  @Test
  void aCommandIsReadAsItWasSent() throws IOException {
    assertThat(read("{\"command\":\"key\",\"options\":[\"list\"]}"))
        .isEqualTo(new AskedCommand("key", List.of("list")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "null",
        "{}",
        "[]",
        "{\"command\":\"key\"}",
        "{\"options\":[]}",
        "{\"command\":null,\"options\":[]}",
        "{\"command\":\"key\",\"options\":[null]}",
      })
  void anythingElseIsAnIoError(String sent) {
    assertThatIOException().isThrownBy(() -> read(sent)).withMessageStartingWith("The caller sent");
  }

  private static AskedCommand read(String sent) throws IOException {
    return AskedCommand.read(new ByteArrayInputStream(sent.getBytes(UTF_8)));
  }
}
