package dev.graft.platform;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Type;
import org.springframework.core.MethodParameter;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpInputMessage;
import org.springframework.http.converter.HttpMessageConverter;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.servlet.mvc.method.annotation.RequestBodyAdviceAdapter;

/** Refuses with 413 a request body that is too large to read into memory. */
@RestControllerAdvice
class BodyLimit extends RequestBodyAdviceAdapter {
  private final long maxBytes;

  BodyLimit(HttpProperties settings) {
    this.maxBytes = settings.maxBody().toBytes();
  }

  @Override
  public boolean supports(
      MethodParameter parameter,
      Type targetType,
      Class<? extends HttpMessageConverter<?>> converterType) {
    return true;
  }

  @Override
  public HttpInputMessage beforeBodyRead(
      HttpInputMessage message,
      MethodParameter parameter,
      Type targetType,
      Class<? extends HttpMessageConverter<?>> converterType)
      throws IOException {
    HttpHeaders headers = message.getHeaders();
    if (headers.getContentLength() > maxBytes) {
      throw tooLong();
    }
    InputStream body = new Limited(message.getBody());
    return new HttpInputMessage() {
      @Override
      public InputStream getBody() {
        return body;
      }

      @Override
      public HttpHeaders getHeaders() {
        return headers;
      }
    };
  }

  private RequestFailed tooLong() {
    return new RequestFailed(
        ProblemType.TOO_LARGE,
        "The request body is too large: the maximum is " + maxBytes + " bytes.");
  }

  /** Counts the bytes of a chunked body, whose length is not known in advance. */
  private final class Limited extends FilterInputStream {
    private long bytes;

    Limited(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int b = super.read();
      count(b < 0 ? 0 : 1);
      return b;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int n = super.read(target, offset, length);
      count(Math.max(0, n));
      return n;
    }

    private void count(int more) {
      bytes += more;
      if (bytes > maxBytes) {
        throw tooLong();
      }
    }
  }
}
