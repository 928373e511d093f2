package dev.graft.platform;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

/**
 * One problem of a request, in the {@code errors[]} of an error.
 *
 * @param path the place in the request, such as {@code adapter.peft.r}, or null
 * @param line the line of the uploaded file, from 1, or null
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ErrorDetail(String message, @Nullable String path, @Nullable Long line) {
  public static ErrorDetail at(String path, String message) {
    return new ErrorDetail(message, path, null);
  }
}
