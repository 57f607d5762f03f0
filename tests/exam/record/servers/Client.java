import java.net.*;
import java.net.http.*;

/** The JDK's HTTP client with an Authenticator: Client URL USER PASSWORD. */
public class Client {
  public static void main(String[] args) throws Exception {
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).authenticator(new Authenticator() {
      protected PasswordAuthentication getPasswordAuthentication() { return new PasswordAuthentication(args[1], args[2].toCharArray()); }
    }).build();
    try {
      client.send(HttpRequest.newBuilder(URI.create(args[0])).build(), HttpResponse.BodyHandlers.ofString());
    } catch (java.io.IOException tooManyAttempts) {
      // What it does after three refusals.
    }
  }
}
