// Small Go servers and a client of the second set of recordings: PROGRAM NAME PORT, PROGRAM get URL [USER PASSWORD | TOKEN].
package main

import (
	"io"
	"net/http"
	"os"
	"time"

	auth "github.com/abbot/go-http-auth"
	"github.com/golang-jwt/jwt"
	"github.com/labstack/echo"
	"github.com/labstack/echo/middleware"
)

const secret = "exam-secret-exam-secret-exam-secret"

func ok(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }

func serveEcho(address string) {
	e := echo.New()
	e.GET("/jwt", func(c echo.Context) error { return c.String(200, "ok") }, middleware.JWT([]byte(secret)))
	e.GET("/basic", func(c echo.Context) error { return c.String(200, "ok") }, middleware.BasicAuth(func(user, password string, _ echo.Context) (bool, error) {
		return user == "alice" && password == "secret-7", nil
	}))
	e.GET("/key", func(c echo.Context) error { return c.String(200, "ok") }, middleware.KeyAuth(func(key string, _ echo.Context) (bool, error) { return key == "k-5", nil }))
	e.HideBanner, e.HidePort = true, true
	e.Start(address)
}

func serveMux(address string) {
	digest := auth.NewDigestAuthenticator("docs", func(user, _ string) string {
		if user == "alice" {
			return auth.H("alice:docs:secret-7")
		}
		return ""
	})
	http.HandleFunc("/digest", digest.Wrap(func(w http.ResponseWriter, r *auth.AuthenticatedRequest) { ok(w, nil) }))
	http.HandleFunc("/orders", func(w http.ResponseWriter, r *http.Request) {
		text := r.Header.Get("Authorization")
		if len(text) > 7 {
			text = text[7:]
		}
		if _, err := jwt.Parse(text, func(*jwt.Token) (interface{}, error) { return []byte(secret), nil }); err != nil {
			http.Error(w, err.Error(), 401)
			return
		}
		ok(w, r)
	})
	http.ListenAndServe(address, nil)
}

func get(url string, credentials []string) {
	request, _ := http.NewRequest("GET", url, nil)
	switch len(credentials) {
	case 1:
		request.Header.Set("Authorization", credentials[0])
	case 2:
		request.SetBasicAuth(credentials[0], credentials[1])
	}
	client := http.Client{Timeout: 10 * time.Second}
	if response, err := client.Do(request); err == nil {
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

func main() {
	switch os.Args[1] {
	case "echo":
		serveEcho("0.0.0.0:" + os.Args[2])
	case "mux":
		serveMux("0.0.0.0:" + os.Args[2])
	case "get":
		get(os.Args[2], os.Args[3:])
	}
}
