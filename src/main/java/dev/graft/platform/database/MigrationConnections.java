package dev.graft.platform.database;

import java.util.Properties;
import org.springframework.boot.flyway.autoconfigure.FlywayConfigurationCustomizer;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/**
 * Gives migrations their own connections without time limits, because creating an index on a large
 * table takes longer than a request may. The data source is not a bean, because health checks would
 * open a connection each time.
 */
@Configuration(proxyBeanMethods = false)
@Profile("server")
class MigrationConnections {
  @Bean
  FlywayConfigurationCustomizer ownConnections(JdbcConnectionDetails database) {
    return flyway -> {
      Properties properties = new Properties();
      properties.setProperty("connectTimeout", "5");
      properties.setProperty("tcpKeepAlive", "true");
      DriverManagerDataSource source = new DriverManagerDataSource(database.getJdbcUrl());
      source.setUsername(database.getUsername());
      source.setPassword(database.getPassword());
      source.setConnectionProperties(properties);
      flyway.dataSource(source);
    };
  }
}
