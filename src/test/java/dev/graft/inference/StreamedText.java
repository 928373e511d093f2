package dev.graft.inference;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import tools.jackson.databind.json.JsonMapper;

/** What a streamed chat says. */
public final class StreamedText {
  private static final String DATA = "data: ";

  private StreamedText() {}

  /** To the end of the answer. */
  public static String of(InputStream answer) throws IOException {
    StringBuilder text = new StringBuilder();
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(answer, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (!line.startsWith(DATA + "{")) continue;
        text.append(
            JsonMapper.shared()
                .readTree(line.substring(DATA.length()))
                .at("/choices/0/delta/content")
                .asString(""));
      }
    }
    return text.toString();
  }
}
