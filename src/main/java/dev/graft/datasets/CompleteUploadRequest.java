package dev.graft.datasets;

import dev.graft.platform.RequestFailed;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code POST /v1/uploads/{id}/complete}.
 *
 * @param partIds in the order of their bytes
 * @param md5 of the whole, in hexadecimal
 */
record CompleteUploadRequest(@Nullable List<@Nullable String> partIds, @Nullable String md5) {
  private static final Pattern MD5 = Pattern.compile("[0-9a-f]{32}");

  /** The ids, each once. Throws {@link RequestFailed}. */
  List<String> parts() {
    List<@Nullable String> given = RequestFailed.required(partIds, "part_ids");
    List<String> parts = given.stream().map(id -> RequestFailed.required(id, "part_ids")).toList();
    if (parts.isEmpty()) {
      throw RequestFailed.invalid("part_ids", "Name the parts, in the order of their bytes.");
    }
    if (new HashSet<>(parts).size() < parts.size()) {
      throw RequestFailed.invalid("part_ids", "A part is named twice.");
    }
    return parts;
  }

  /** In lower case, or null where none was given. Throws {@link RequestFailed}. */
  @Nullable String checksum() {
    if (md5 == null) return null;
    String lower = md5.toLowerCase(Locale.ROOT);
    if (!MD5.matcher(lower).matches()) {
      throw RequestFailed.invalid("md5", "An MD5 has 32 hexadecimal digits.");
    }
    return lower;
  }
}
