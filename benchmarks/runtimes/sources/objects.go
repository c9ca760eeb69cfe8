// Two million objects; each line of input is answered with runtime.MemStats.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
)

type object struct {
	next  *object
	bytes [72]byte
}

func main() {
	var first *object
	for i := 0; i < 2000000; i++ {
		first = &object{next: first}
	}
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		text, _ := json.Marshal(stats)
		fmt.Println(string(text))
	}
	runtime.KeepAlive(first)
}
