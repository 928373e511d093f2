package dev.graft.catalog;

import dev.graft.weights.DirectoryFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The {@code license} in the front matter of a model's README.md, as model hubs write it. */
final class License {
  private static final int HEAD = 1 << 14;
  private static final Pattern FRONT_MATTER =
      Pattern.compile("\\A---\\R(.*?)^---", Pattern.DOTALL | Pattern.MULTILINE);
  private static final Pattern LICENSE =
      Pattern.compile("^license: *[\"']?([\\w][\\w .+-]{0,99}?)[\"']? *$", Pattern.MULTILINE);

  private License() {}

  /** Null where there is none, or nothing that looks like one. */
  static @Nullable String of(DirectoryFiles model) throws IOException {
    Path readme = model.find("README.md");
    if (readme == null) return null;
    try (InputStream in = Files.newInputStream(readme)) {
      return in(new String(in.readNBytes(HEAD), StandardCharsets.UTF_8));
    }
  }

  static @Nullable String in(String readme) {
    Matcher front = FRONT_MATTER.matcher(readme);
    if (!front.find()) return null;
    Matcher license = LICENSE.matcher(front.group(1));
    return license.find() ? license.group(1) : null;
  }
}
