package dev.graft.platform;

import javax.sql.DataSource;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** Puts {@link DepartmentConnections} before the server's. */
final class RowSecurity implements BeanPostProcessor {
  @Configuration(proxyBeanMethods = false)
  @Import(RowSecurity.class)
  static class Added {}

  @Override
  public Object postProcessAfterInitialization(Object bean, String name) {
    return bean instanceof DataSource source && name.equals("dataSource")
        ? new DepartmentConnections(source)
        : bean;
  }
}
