package dev.graft.openapi;

import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/** An answer that is sent as it is, at once, and copied up to a size. */
final class CopiedResponse extends HttpServletResponseWrapper {
  private final ByteArrayOutputStream copy = new ByteArrayOutputStream();
  private final int most;
  private boolean whole = true;

  CopiedResponse(HttpServletResponse response, int most) {
    super(response);
    this.most = most;
  }

  /** Whether nothing is missing. */
  boolean whole() {
    return whole;
  }

  byte[] copy() {
    return copy.toByteArray();
  }

  @Override
  public ServletOutputStream getOutputStream() throws IOException {
    ServletOutputStream out = super.getOutputStream();
    return new ServletOutputStream() {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        keep(bytes, offset, length);
        out.write(bytes, offset, length);
      }

      @Override
      public void flush() throws IOException {
        out.flush();
      }

      @Override
      public void close() throws IOException {
        out.close();
      }

      @Override
      public boolean isReady() {
        return out.isReady();
      }

      @Override
      public void setWriteListener(WriteListener listener) {
        out.setWriteListener(listener);
      }
    };
  }

  @Override
  public PrintWriter getWriter() throws IOException {
    return new PrintWriter(new OutputStreamWriter(getOutputStream(), StandardCharsets.UTF_8), true);
  }

  private void keep(byte[] bytes, int offset, int length) {
    if (copy.size() + length <= most) copy.write(bytes, offset, length);
    else whole = false;
  }
}
