// Go servers and a client of the third set: exam-go3 gin|chi PORT, exam-go3 oauth URL TOKENURL.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi"
	"github.com/go-chi/chi/middleware"
	"github.com/golang-jwt/jwt"
	"golang.org/x/oauth2/clientcredentials"
)

var secret = []byte("exam-secret-exam-secret-exam-secret")

func parse(header string) error {
	_, err := jwt.Parse(strings.TrimPrefix(header, "Bearer "), func(*jwt.Token) (interface{}, error) { return secret, nil })
	return err
}

func main() {
	switch os.Args[1] {
	case "gin":
		gin.SetMode(gin.ReleaseMode)
		r := gin.New()
		r.GET("/basic", gin.BasicAuth(gin.Accounts{"alice": "secret-7"}), func(c *gin.Context) { c.String(200, "ok") })
		r.GET("/jwt", func(c *gin.Context) {
			if err := parse(c.GetHeader("Authorization")); err != nil {
				c.AbortWithStatusJSON(401, gin.H{"error": err.Error()})
				return
			}
			c.String(200, "ok")
		})
		r.GET("/quiet", func(c *gin.Context) {
			if parse(c.GetHeader("Authorization")) != nil {
				c.AbortWithStatus(401)
				return
			}
			c.String(200, "ok")
		})
		r.Run(":" + os.Args[2])
	case "chi":
		r := chi.NewRouter()
		r.With(middleware.BasicAuth("chi realm", map[string]string{"alice": "secret-7"})).Get("/basic", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
		r.Get("/jwt", func(w http.ResponseWriter, q *http.Request) {
			if err := parse(q.Header.Get("Authorization")); err != nil {
				http.Error(w, "token is unauthorized", 401)
				return
			}
			fmt.Fprint(w, "ok")
		})
		http.ListenAndServe(":"+os.Args[2], r)
	case "oauth":
		c := clientcredentials.Config{ClientID: "shop", ClientSecret: "wrong", TokenURL: os.Args[3]}
		c.Client(context.Background()).Get(os.Args[2])
	}
}
